package api

// How a server tells what stands in front of it.
const (
	AdminProbes = "/probes"      // POST: Probe
	AdminProbe  = "/probes/{id}" // GET ProbeSeen; 404 until the probe arrived
)

// Probe is a request that the server will recognise: GET it at the public URL.
type Probe struct {
	ID   string `json:"id"`
	Path string `json:"path"`
}

// ProbeSeen is how a probe arrived.
type ProbeSeen struct {
	Address string `json:"address"` // of the client, as the settings let the server see it
	Peer    string `json:"peer"`    // who connected
	Secure  bool   `json:"secure"`  // by https
	// Forwarded says that a peer which is not trusted sent X-Forwarded-For.
	Forwarded bool `json:"forwarded"`
}
