package cli_test

import (
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/cli"
)

func TestMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("east", 3600))
	for _, c := range []struct {
		ago  time.Duration
		want string
	}{
		{0, "2026-03-01 12:00:00 (now)"},
		{59 * time.Second, "2026-03-01 11:59:01 (59 seconds ago)"},
		{time.Minute, "2026-03-01 11:59:00 (1 minute ago)"},
		{-90 * time.Minute, "2026-03-01 13:30:00 (in 1 hour)"},
		{49 * time.Hour, "2026-02-27 11:00:00 (2 days ago)"},
		{45 * 24 * time.Hour, "2026-01-15 12:00:00 (1 month ago)"},
		{800 * 24 * time.Hour, "2023-12-22 12:00:00 (2 years ago)"},
	} {
		if got := cli.Moment(now, now.Add(-c.ago).UTC()); got != c.want {
			t.Errorf("%v before: %q, want %q", c.ago, got, c.want)
		}
	}
	if got := cli.Moment(now, time.Time{}); got != "" {
		t.Errorf("the zero time is %q", got)
	}
}
