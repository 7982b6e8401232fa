package tracing

import "testing"

// TestWanted: off unless asked for, by the standard's variables; what cannot be
// had is an error, not silence.
func TestWanted(t *testing.T) {
	t.Parallel()
	const endpoint, traces, exporter = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"
	for _, c := range []struct {
		name    string
		env     map[string]string
		on, bad bool
	}{
		{"nothing", nil, false, false},
		{"an endpoint", map[string]string{endpoint: "http://c:4318"}, true, false},
		{"an endpoint for traces", map[string]string{traces: "http://c:4318/v1/traces"}, true, false},
		{"otlp by name", map[string]string{exporter: "otlp"}, true, false},
		{"none by name", map[string]string{exporter: "none", endpoint: "http://c:4318"}, false, false},
		{"disabled", map[string]string{"OTEL_SDK_DISABLED": "TRUE", endpoint: "http://c:4318"}, false, false},
		{"another exporter", map[string]string{exporter: "console"}, false, true},
		{"another protocol", map[string]string{exporter: "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, true},
		{"another protocol, unused", map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, false},
		{"the nearer protocol wins", map[string]string{exporter: "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, true, false},
	} {
		on, err := Wanted(func(name string) string { return c.env[name] })
		if on != c.on || (err != nil) != c.bad {
			t.Errorf("%s: %v %v", c.name, on, err)
		}
	}
}

// TestPathsAreThoseOfTheCode: what a client may write into a path is not in a
// span.
func TestPathsAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, sent, want string
		realm               bool
	}{
		{"POST /auth/realms/{realm}/token", "/auth/realms/platform/token", "/auth/realms/platform/token", true},
		{"POST /auth/realms/{realm}/token", "/auth/realms/anna@example.org/token", "/auth/realms/{realm}/token", false},
		{"/v1/vms", "/v1/vms", "/v1/vms", false},
		{"GET /v1/vms/{id}", "/v1/vms/anna@example.org", "/v1/vms/{id}", false},
		{"/v1/", "/v1/anything", "/v1/", false},
	} {
		if got := path(routeOf(c.pattern), c.sent, c.realm); got != c.want {
			t.Errorf("%s of %s: %s", c.sent, c.pattern, got)
		}
	}
}
