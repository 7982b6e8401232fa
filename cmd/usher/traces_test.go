package main

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// spans is a collector that takes OTLP over HTTP.
type spans struct {
	t   *testing.T
	mu  sync.Mutex
	all []*trace.Span
	raw strings.Builder
}

func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		s.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	var sent collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &sent); err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.Write(body)
	for _, resource := range sent.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			s.all = append(s.all, scope.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// attribute is one of a span's, as text.
func attribute(s *trace.Span, name string) string {
	for _, a := range s.Attributes {
		if a.Key == name {
			if v := a.Value.GetStringValue(); v != "" {
				return v
			}
			return a.Value.String()
		}
	}
	return ""
}

const (
	givenTrace  = "0af7651916cd43dd8448eb211c80319c"
	givenParent = "00-" + givenTrace + "-b7ad6b7169203331-01"
)

// traced serves one login under the given trace and returns its spans.
func traced(t *testing.T, extra string) (*spans, *process) {
	t.Helper()
	s := &spans{t: t}
	receiver := httptest.NewServer(s)
	t.Cleanup(receiver.Close)
	dir := t.TempDir()
	heard := listenNotify(t, filepath.Join(dir, "notify"))
	public := listenFile(t)
	config := serveConfig(t, dir, "master_key_file: key\nlog_level: debug\n"+extra)
	write(t, filepath.Join(dir, "realm.json"), strings.NewReplacer(`"anna"`, `"anna.k@example.org"`, `"one"`, `"an example password"`).Replace(realmText))
	p := shell(t, `LISTEN_PID=$$ exec "$@"`, []string{
		"NOTIFY_SOCKET=" + filepath.Join(dir, "notify"), "LISTEN_FDS=1", "LISTEN_FDNAMES=public",
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + receiver.URL, "OTEL_RESOURCE_ATTRIBUTES=deployment.environment=test",
	}, []*os.File{public.file}, "serve", "--config", config)
	heard.waits(t, p, "READY=1")
	curl(t, "-H", "traceparent: "+givenParent, "-d", "client_id=anonymous", "-d", "grant_type=password", "-d", "username=anna.k@example.org",
		"-d", "password=an example password", "-d", "scope=openid", "http://"+public.address+"/auth/realms/platform/protocol/openid-connect/token?canary=query")
	p.stop(t, syscall.SIGTERM) // what waits is sent at the end
	return s, p
}

// TestTraces: with the standard variable set, a login is a trace of the request
// with what it waited for, joined to a trusted proxy's, and holds no secret.
func TestTraces(t *testing.T) {
	t.Parallel()
	s, p := traced(t, "trusted_proxies: [127.0.0.1]\n")
	byName := map[string]*trace.Span{}
	for _, span := range s.all {
		if hex.EncodeToString(span.TraceId) == givenTrace {
			byName[span.Name] = span
		}
	}
	const route = "/auth/realms/{realm}/protocol/openid-connect/token"
	request := byName["POST "+route]
	if request == nil {
		t.Fatalf("no span of the request among %d", len(s.all))
	}
	if got := hex.EncodeToString(request.ParentSpanId); got != "b7ad6b7169203331" || request.Kind != trace.Span_SPAN_KIND_SERVER {
		t.Errorf("parent %s, kind %v", got, request.Kind)
	}
	for name, want := range map[string]string{
		"http.request.method": "POST", "http.route": route, "url.scheme": "http", "http.response.status_code": "int_value:200",
		"url.path": "/auth/realms/platform/protocol/openid-connect/token", "network.protocol.version": "1.1", "client.address": "", "url.query": "",
	} {
		if got := strings.ReplaceAll(attribute(request, name), " ", ""); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"hash", "sign", "store OpenLogin", "store UserByEmail"} {
		if span := byName[name]; span == nil || string(span.ParentSpanId) != string(request.SpanId) {
			t.Errorf("no span %q below the request", name)
		}
	}
	for _, secret := range []string{"an example password", "anna.k@example.org", "canary", "eyJ"} {
		if strings.Contains(s.raw.String(), secret) {
			t.Errorf("%q is in a span", secret)
		}
	}
	for _, want := range []string{"service.name", "usher", "deployment.environment"} {
		if !strings.Contains(s.raw.String(), want) {
			t.Errorf("the resource lacks %s", want)
		}
	}
	if !strings.Contains(p.stderr.String(), `"trace_id":"`+givenTrace+`"`) {
		t.Error("the log does not name the trace")
	}
}

// TestStrangersTraceIsLinked: without a trusted proxy a new trace begins, and
// only points at the one that was sent.
func TestStrangersTraceIsLinked(t *testing.T) {
	t.Parallel()
	s, _ := traced(t, "")
	linked := false
	for _, span := range s.all {
		if hex.EncodeToString(span.TraceId) == givenTrace {
			t.Errorf("%s joined a stranger's trace", span.Name)
		}
		for _, l := range span.Links {
			linked = linked || hex.EncodeToString(l.TraceId) == givenTrace
		}
	}
	if !linked {
		t.Error("no span points at the trace that was sent")
	}
}

// TestUnknownTracingIsRefused instead of silently sending nothing.
func TestUnknownTracingIsRefused(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]string{
		"OTEL_TRACES_EXPORTER=zipkin": "only otlp and none are known",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_EXPORTER_OTLP_PROTOCOL=grpc": "only http/protobuf is spoken",
	} {
		p := shell(t, `exec "$@"`, strings.Fields(variable), nil, "serve", "--config", serveConfig(t, t.TempDir(), "master_key_file: key\n"))
		if err := p.wait(); err == nil || !strings.Contains(p.stderr.String(), want) {
			t.Errorf("%s: %v\n%s", variable, err, p.stderr)
		}
	}
}
