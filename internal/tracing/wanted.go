package tracing

import (
	"fmt"
	"strings"
)

// Wanted says whether the variables ask for spans, and what of them cannot be
// had. A value is looked up by the variable's name; "" is unset.
func Wanted(lookup func(name string) string) (bool, error) {
	if strings.EqualFold(lookup("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	protocol := lookup("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
	if protocol == "" {
		protocol = lookup("OTEL_EXPORTER_OTLP_PROTOCOL")
	}
	switch exporter := lookup("OTEL_TRACES_EXPORTER"); exporter {
	case "none":
		return false, nil
	case "":
		if lookup("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && lookup("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
			return false, nil
		}
	case "otlp":
	default:
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER=%s: only otlp and none are known", exporter)
	}
	if protocol != "" && protocol != "http/protobuf" {
		return false, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=%s: only http/protobuf is spoken", protocol)
	}
	return true, nil
}
