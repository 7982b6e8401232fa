package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/cli"
)

// call sends one request, connecting first where that was not done, and turns
// every refusal into a failure with its exit code.
func (a *admin) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	if a.api == nil {
		creates := method == http.MethodPost && (path == api.AdminImport || path == api.AdminRealms)
		found, err := a.connect(ctx, creates)
		if err != nil {
			return err
		}
		a.api = found
	}
	err := a.api.do(ctx, method, path, query, in, out)
	if err == nil {
		return nil
	}
	if p := (*refusal)(nil); errors.As(err, &p) && p.Status == http.StatusNotFound && a.noRealm(ctx) {
		return &failure{err: p, code: exitClient, hint: "there is no realm yet: bring one with `usher admin import FILE`, or make one with `usher admin realms add NAME`"}
	}
	return a.explainCall(ctx, method, err)
}

// noRealm says that the store holds no realm at all.
func (a *admin) noRealm(ctx context.Context) bool {
	var page api.Page[api.Realm]
	err := a.api.do(ctx, http.MethodGet, api.AdminRealms, url.Values{"limit": {"1"}}, nil, &page)
	return err == nil && len(page.Items) == 0
}

// refusal is a problem that the server answered.
type refusal struct {
	api.Problem
	offline bool // no server, so no log of it
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("%s (%d", talk(r.Message), r.Status)
	if r.Status >= 500 && r.ErrorID != "" && !r.offline {
		text += ", error_id " + r.ErrorID + " in the server's log"
	}
	return text + ")"
}

// talk makes a sentence of the server's one of ours: small, without a full stop.
func talk(s string) string {
	s = strings.TrimSuffix(cli.Clean(s), ".")
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && (s[1] == ' ' || s[1] >= 'a' && s[1] <= 'z') {
		s = string(s[0]+'a'-'A') + s[1:]
	}
	return s
}

// explainCall gives an error of do its exit code.
func (a *admin) explainCall(ctx context.Context, method string, err error) error {
	var r *refusal
	switch {
	case errors.As(err, &r):
		f := &failure{err: r, hint: talk(r.ErrorHint), code: exitClient}
		switch {
		case r.Status == http.StatusForbidden:
			f.code = exitRefused
		case r.Status >= 500:
			f.code = exitTrouble
			if r.offline {
				f.err = fmt.Errorf("a row is damaged, or the storage is in trouble: %w", r)
				f.hint = "`usher doctor --deep` looks at every row; look at the disk as well"
			}
		}
		return f
	case ctx.Err() != nil && method != http.MethodGet:
		return &failure{err: errors.New("interrupted: the order may have been carried out all the same"), code: exitInterrupt,
			hint: "look before you repeat it"}
	}
	return a.unreachable(ctx, err)
}

// unreachable says that no answer came.
func (a *admin) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return &failure{err: fmt.Errorf("the server does not answer: %w", err), code: exitTrouble, hint: "look whether it still runs, and at its log"}
}

// do sends one request, whose body is in as JSON, or in itself where it can be
// read. Its error is a *refusal, or that of the transport.
func (c *adminAPI) do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body io.Reader
	if stream, ok := in.(io.ReadCloser); ok {
		defer stream.Close() // ends who writes it
		body = stream
	} else if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	// The host is a name for HTTP's sake: a socket has none.
	r, err := http.NewRequestWithContext(ctx, method, "http://usher"+path, body)
	if err != nil {
		return err
	}
	r.URL.RawQuery = query.Encode()
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		_, offline := c.client.Transport.(inProcess)
		return readRefusal(answer, offline)
	}
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return fmt.Errorf("an answer that is no JSON: %w", err)
	}
	return nil
}

// readRefusal reads the problem; an answer of another kind is named as it is.
func readRefusal(answer *http.Response, offline bool) error {
	r := &refusal{offline: offline}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), api.ProblemType) {
		_ = json.NewDecoder(answer.Body).Decode(&r.Problem) // what is missing is filled in below
	}
	r.Status = answer.StatusCode
	if r.Message == "" {
		r.Message = http.StatusText(answer.StatusCode)
	}
	return r
}

// inProcess answers requests by a handler in this process.
type inProcess struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := &recorder{status: http.StatusOK, head: http.Header{}}
	h.ServeHTTP(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: w.status, Header: w.head, Body: io.NopCloser(&w.body), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(w.body.Len()),
	}, nil
}

// recorder keeps an answer.
type recorder struct {
	status int
	head   http.Header
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.head }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }
