package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const canary = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl"

func TestLogHidesSecrets(t *testing.T) {
	t.Parallel()
	for _, format := range []LogFormat{LogText, LogJSON} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			log, err := NewLogger(&b, LogOptions{Format: format, Level: slog.LevelDebug})
			if err != nil {
				t.Fatal(err)
			}
			log.Info("named "+canary, "password", "c4nary", "Client-Secret", "c4nary", "new_password", []byte("c4nary"),
				slog.Group("in", "refresh_token", "c4nary"), "master.key", "c4nary")
			log.Debug("found", "header", "Bearer "+canary, "error", fmt.Errorf("x: %w", errors.New(canary)),
				"any", struct{ T string }{canary}, "lines", "a\nb")
			if got := b.String(); strings.Contains(got, "c4nary") || strings.Contains(got, "c2lnbmF0dXJl") {
				t.Errorf("a secret was written: %s", got)
			}
			if n := strings.Count(b.String(), "\n"); n != 2 {
				t.Errorf("two records made %d lines", n)
			}
		})
	}
}

func TestLogKeepsTheRest(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log, err := NewLogger(&b, LogOptions{Format: LogJSON})
	if err != nil {
		t.Fatal(err)
	}
	log.Debug("not at this level")
	log.Info("hello", "token_type", "bearer", "n", 3, "error", errors.New("plain"), "nothing", nil)
	for _, want := range []string{`"msg":"hello"`, `"token_type":"bearer"`, `"n":3`, `"error":"plain"`, `"nothing":null`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s lacks %s", b.String(), want)
		}
	}
	if strings.Contains(b.String(), "not at this level") {
		t.Error("a debug line at info level")
	}
}

func TestLogRefusesUnknownSettings(t *testing.T) {
	t.Parallel()
	if _, err := NewLogger(&bytes.Buffer{}, LogOptions{Format: "xml"}); err == nil {
		t.Error("format xml was accepted")
	}
	if _, err := ParseLevel("loud"); err == nil {
		t.Error("level loud was accepted")
	}
	if l, err := ParseLevel("warn"); err != nil || l != slog.LevelWarn {
		t.Errorf("warn is %v, %v", l, err)
	}
}
