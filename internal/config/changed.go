package config

// Changed lists the settings whose values differ between two configurations,
// in the order of Settings.
func Changed(a, b *Config) []string {
	var names []string
	for _, s := range Settings() {
		if s.show(a) != s.show(b) {
			names = append(names, s.Name)
		}
	}
	return names
}
