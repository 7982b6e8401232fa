package admin

import (
	"context"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// settle waits until the marks of an order lie behind: they refuse what was
// issued in the present second, and tokens do not say in which part of it they
// were made. So an order takes effect at once, and is answered when whatever is
// issued after the answer is good. That is a second at most; who does not wait
// for the answer has the order carried out all the same.
func (s *Service) settle(ctx context.Context, entries []iam.Revocation) {
	now := s.Now()
	var last time.Time
	for _, e := range entries {
		if mark := time.Unix(e.IssuedBefore, 0); mark.After(last) {
			last = mark
		}
	}
	if left := min(last.Sub(now), time.Second); left > 0 {
		_ = s.Sleep(ctx, left) // that nobody waits any more is no failure
	}
}
