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
	Trusted bool   `json:"trusted"` // the settings let the peer tell addresses
	Secure  bool   `json:"secure"`  // by https
	// ForwardedFor are the lines of X-Forwarded-For as they came.
	ForwardedFor []string `json:"forwarded_for,omitempty"`
}
