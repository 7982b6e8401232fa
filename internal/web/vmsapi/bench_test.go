package vmsapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/vms"
)

// sink is a ResponseWriter that costs nothing.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             { clear(s.h) }

// listed is the API with a list at hand and a verifier that knows the caller.
func listed(b *testing.B) (http.Handler, []byte) {
	l, err := list(context.Background(), vms.Caller{UserID: "ada"})
	if err != nil {
		b.Fatal(err)
	}
	f := newFixture(b, func(c *Config) {
		c.List = func(context.Context, vms.Caller) (*vms.List, error) { return l, nil }
	})
	return f.handler, l.JSON
}

func BenchmarkListHandler(b *testing.B) {
	h, _ := listed(b)
	r := httptest.NewRequest(http.MethodGet, "/v1/vms", nil)
	r.Header.Set("Authorization", "Bearer ada")
	w := &sink{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

// The API over loopback, and beside it a bare handler that sends the same bytes.
func BenchmarkListOverHTTP(b *testing.B) {
	usher, body := listed(b)
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	})
	for name, h := range map[string]http.Handler{"bare": bare, "usher": usher} {
		b.Run(name, func(b *testing.B) {
			srv := httptest.NewServer(h)
			defer srv.Close()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					call(b, srv)
				}
			})
		})
	}
}

func call(b *testing.B, srv *httptest.Server) {
	r, err := http.NewRequest(http.MethodGet, srv.URL+"/v1/vms", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer ada")
	resp, err := srv.Client().Do(r)
	if err != nil {
		b.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b.Fatal(resp.Status)
	}
}
