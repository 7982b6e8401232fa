package wire

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestTranscripts plays every file of testdata. A file is a txtar archive:
//
//	-- realm --     optional: the realm file to start with
//	-- 1 request -- request line, headers, blank line, body
//	-- 1 answer --  status, the headers that matter, blank line, body
//	-- clock --     a duration by which the clock is moved
//	-- note --      what the next exchange is about
//
// In a request ${name} is a captured value. In an answer's JSON a string
// "<name>" matches any string and captures it, "<any>" matches anything, and
// all members are compared unless the object has a member "…". A header value
// "<none>" says that the header is absent; a body that is not JSON must be
// contained in the answer's.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 3 {
		t.Fatalf("only %d transcripts", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			play(t, txtar.Parse(text))
		})
	}
}

func play(t *testing.T, a *txtar.Archive) {
	realm := defaultRealm
	for _, f := range a.Files {
		if f.Name == "realm" {
			realm = string(f.Data)
		}
	}
	w := start(t, realm)
	vars := map[string]string{"base": w.base, "token": tokenPath}
	var got *exchange
	for _, f := range a.Files {
		switch {
		case f.Name == "realm", f.Name == "note":
		case strings.HasPrefix(f.Name, "clock"):
			d, err := time.ParseDuration(strings.TrimSpace(string(f.Data)))
			if err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(d)
		case strings.HasSuffix(f.Name, "request"):
			got = send(t, w, f.Name, fill(t, string(f.Data), vars))
		case strings.HasSuffix(f.Name, "answer"):
			got.compare(t, f.Name, fill(t, string(f.Data), vars), vars)
		default:
			t.Fatalf("%s: neither request, answer, clock, note nor realm", f.Name)
		}
	}
}

var variable = regexp.MustCompile(`\$\{([a-z_]+)\}`)

func fill(t *testing.T, text string, vars map[string]string) string {
	t.Helper()
	return variable.ReplaceAllStringFunc(text, func(m string) string {
		v, ok := vars[m[2:len(m)-1]]
		if !ok {
			t.Fatalf("%s was never captured", m)
		}
		return v
	})
}

// exchange is an answer as it came.
type exchange struct {
	status int
	header http.Header
	body   []byte
}

// split cuts the text of a message into first line, headers and body. A body's
// last line break belongs to the file, not to the body.
func split(t *testing.T, text string) (first string, header http.Header, body string) {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	header = http.Header{}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("not a header: %q", line)
		}
		header.Add(name, strings.TrimSpace(value))
	}
	return lines[0], header, strings.TrimSuffix(body, "\n")
}

func send(t *testing.T, w *world, name, text string) *exchange {
	t.Helper()
	first, header, body := split(t, text)
	method, path, _ := strings.Cut(first, " ")
	if method == "POST" && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	q, err := http.NewRequestWithContext(t.Context(), method, w.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	q.Header = header
	return exchangeOf(t, w, q)
}

func exchangeOf(t *testing.T, w *world, q *http.Request) *exchange {
	t.Helper()
	answer, err := w.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &exchange{answer.StatusCode, answer.Header, b}
}

func (e *exchange) compare(t *testing.T, name, text string, vars map[string]string) {
	t.Helper()
	first, header, body := split(t, text)
	if got := strconv.Itoa(e.status); got != strings.Fields(first)[0] {
		t.Fatalf("%s: status %s, want %s; body %s", name, got, first, e.body)
	}
	for key, values := range header {
		got, want := strings.Join(e.header.Values(key), ", "), strings.Join(values, ", ")
		if want == "<none>" {
			want = ""
		}
		if got != want && want != "<any>" {
			t.Errorf("%s: header %s is %q, want %q", name, key, got, want)
		}
	}
	if body == "" {
		return
	}
	var want, got any
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		if !strings.Contains(string(e.body), body) {
			t.Errorf("%s: body %s\ndoes not contain %s", name, e.body, body)
		}
		return
	}
	if err := json.Unmarshal(e.body, &got); err != nil {
		t.Fatalf("%s: %v in %s", name, err, e.body)
	}
	if err := match(want, got, "", vars); err != nil {
		t.Errorf("%s: %v\nin %s", name, err, e.body)
	}
}

// match holds a value against its pattern and captures what the pattern names.
func match(want, got any, at string, vars map[string]string) error {
	switch want := want.(type) {
	case string:
		return matchString(want, got, at, vars)
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is %v, want an object", at, got)
		}
		_, open := want["…"]
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if key == "…" {
				continue
			}
			if _, ok := g[key]; !ok {
				return fmt.Errorf("%s.%s is missing", at, key)
			}
			if err := match(want[key], g[key], at+"."+key, vars); err != nil {
				return err
			}
		}
		for key := range g {
			if _, ok := want[key]; !ok && !open {
				return fmt.Errorf("%s.%s is there, and should not be", at, key)
			}
		}
		return nil
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(want) {
			return fmt.Errorf("%s is %v, want %v", at, got, want)
		}
		for i := range want {
			if err := match(want[i], g[i], fmt.Sprintf("%s[%d]", at, i), vars); err != nil {
				return err
			}
		}
		return nil
	default:
		if want != got {
			return fmt.Errorf("%s is %v, want %v", at, got, want)
		}
		return nil
	}
}

var capture = regexp.MustCompile(`^<([a-z_]+)>$`)

func matchString(want string, got any, at string, vars map[string]string) error {
	if want == "<any>" {
		return nil
	}
	g, ok := got.(string)
	if !ok {
		return fmt.Errorf("%s is %v, want a string", at, got)
	}
	if m := capture.FindStringSubmatch(want); m != nil {
		if g == "" {
			return fmt.Errorf("%s is empty", at)
		}
		vars[m[1]] = g
		return nil
	}
	if g != want {
		return fmt.Errorf("%s is %q, want %q", at, g, want)
	}
	return nil
}
