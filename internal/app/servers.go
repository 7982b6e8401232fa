package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/seed-a6a28e10/usher/internal/web/manage"
)

// The limits of both listeners. A request has one time to arrive, header and
// body together: with two the deadline of the connection is set twice.
const (
	maxHeaderBytes = 16 << 10
	readTimeout    = 10 * time.Second
	writeTimeout   = 60 * time.Second
	idleTimeout    = 60 * time.Second
	maxStreams     = 100 // of one HTTP/2 connection
)

// server makes an http.Server with the limits; tls may be nil.
func (a *App) server(h http.Handler, t *tls.Config) *http.Server {
	return &http.Server{
		Handler: h, TLSConfig: t,
		MaxHeaderBytes: maxHeaderBytes, ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// serve starts answering on the listeners. A listener that fails later ends
// the process.
func (a *App) serve() {
	public, management := a.server(a.Public, a.tls.config()), a.server(manage.OnLoopback(a.managementListener.Addr(), a.Management), nil)
	management.ReadTimeout, management.WriteTimeout = 0, 0 // profiles take their time
	a.servers = append([]*http.Server{public, management}, a.servers...)
	go a.listen(management, a.managementListener, false)
	for _, l := range a.publicListeners {
		go a.listen(public, l, a.tls != nil)
	}
}

func (a *App) listen(s *http.Server, l net.Listener, secure bool) {
	var err error
	if secure {
		err = s.ServeTLS(l, "", "")
	} else {
		err = s.Serve(l)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		a.fail(fmt.Errorf("listener %s: %w", l.Addr(), err))
	}
}

// fail ends Run with err.
func (a *App) fail(err error) {
	select {
	case a.failed <- err:
	default: // it is ending already
	}
}
