package live

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// unhurried lets no time pass in sleeping.
type unhurried struct{}

func (unhurried) Now() time.Time                                   { return time.Time{} }
func (unhurried) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// TestPollLogsTurns: one line when trouble begins, one when it is over.
func TestPollLogsTurns(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	bad := errors.New("no store")
	answers := []error{nil, nil, bad, bad, bad, nil, nil}
	poll(ctx, unhurried{}, time.Second, slog.New(slog.NewTextHandler(&out, nil)), "a poll", func(context.Context) error {
		if len(answers) == 0 {
			stop()
			return bad // because of the end: nothing to tell
		}
		err := answers[0]
		answers = answers[1:]
		return err
	})
	got := out.String()
	if strings.Count(got, "\n") != 2 || !strings.Contains(got, `failing=true error="no store"`) || !strings.Contains(got, "failing=false") {
		t.Errorf("logged:\n%s", got)
	}
}
