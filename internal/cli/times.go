package cli

import (
	"fmt"
	"time"
)

// Moment is a time in the zone of now and how far it is from now:
// "2026-03-01 14:22:05 (3 minutes ago)". The zero time is "".
func Moment(now, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(now.Location()).Format("2006-01-02 15:04:05") + " (" + Distance(now, t) + ")"
}

// Distance says in words how far t is from now: "now", "in 5 minutes", "2 days
// ago". It rounds down.
func Distance(now, t time.Time) string {
	d := now.Sub(t)
	form := "%s ago"
	if d < 0 {
		d, form = -d, "in %s"
	}
	if d < time.Second {
		return "now"
	}
	return fmt.Sprintf(form, Span(d))
}

// Span is a duration in its largest unit.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	for _, u := range []struct {
		size time.Duration
		name string
	}{{365 * day, "year"}, {30 * day, "month"}, {day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := int64(d / u.size); n > 0 {
			return Count(n, u.name)
		}
	}
	return Count(int64(d/time.Second), "second")
}

// Count is a number with its noun: "1 user", "2 users".
func Count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
