package doctor

// Server is what the server of the data folder said over its admin socket.
type Server struct {
	// Running says that one answered.
	Running bool
	// Refused is why one that is there did not answer; nil when there is none.
	Refused error
	Version string // of the server
	Own     string // of this program
	PID     int
}

// JudgeServer judges the running server; wanted says that there should be one.
func JudgeServer(s Server, wanted bool) Report {
	var r found
	switch {
	case s.Refused != nil:
		r.fail("server.answers", "look at its log; run doctor as its user or as root", "a server has the data folder and does not answer on its admin socket: %v", s.Refused)
	case s.Running && s.Version != s.Own:
		r.warn("server.version", "restart the server, or run the program of its release", "the server is usher %s, this is usher %s", s.Version, s.Own)
	case s.Running:
		r.ok("server.answers", "usher %s runs as process %d", s.Version, s.PID)
	case wanted:
		r.warn("server.answers", "start it, or say --offline while none is meant to run", "no server runs on the data folder")
	}
	return r.list
}
