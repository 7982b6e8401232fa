package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkAdapter(b *testing.B) {
	k := quietKit()
	mux := http.NewServeMux()
	mux.Handle("/v1/vms", web.API(k, replying(web.Reply{Body: []byte("[]")})))
	mux.Handle("/v1/no", web.API(k, refusing(oauth.Refuse(oauth.BearerMissing))))
	h := k.Wrap(mux)
	for name, path := range map[string]string{"reply": "/v1/vms", "refusal": "/v1/no"} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
}

func BenchmarkReadForm(b *testing.B) {
	body := "grant_type=refresh_token&client_id=anonymous&refresh_token=" + strings.Repeat("x", 700)
	reader := strings.NewReader(body)
	r := post(formMedia, reader)
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		r.Body, r.ContentLength = io.NopCloser(reader), int64(len(body))
		if _, err := web.ReadForm(r); err != nil {
			b.Fatal(err)
		}
	}
}
