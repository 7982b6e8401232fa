package assets

import "embed"

//go:embed files
var files embed.FS

// Asset is one file.
type Asset struct {
	Name string // as the command names it
	File string // what it is called where it is put
	Help string
}

// All lists the files in the order of documentation.
func All() []Asset {
	return []Asset{
		{"grafana", "usher-dashboard.json", "dashboard for Grafana over a Prometheus data source"},
		{"alerts", "usher-alerts.yml", "alert rules for Prometheus"},
		{"systemd", "usher.service", "unit of the service for systemd"},
		{"socket", "usher.socket", "socket unit beside it: connections wait while the service restarts"},
		{"container", "Containerfile", "container file of the static binary, from scratch"},
	}
}

// Read is a file's content. It panics for a name that All does not list.
func Read(a Asset) []byte {
	content, err := files.ReadFile("files/" + a.File)
	if err != nil {
		panic("assets: " + err.Error())
	}
	return content
}
