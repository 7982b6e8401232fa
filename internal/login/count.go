package login

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

const (
	// maxRaces is how often a lost race for a failure row is run again.
	maxRaces = 100
	// guessTag is the length of the stored tag of a wrong password: enough to
	// tell two guesses apart, too little to be worth anything else.
	guessTag = 8
)

// failures reads the attempt's failure row; there is none when counting is off.
func (s *Service) failures(ctx context.Context, t *try) (iam.Failures, int64, error) {
	if t.realm.Guessing.Off {
		return iam.Failures{}, s.clock.Now().UnixMilli(), nil
	}
	return s.store.Failures(ctx, t.realm.ID, t.key)
}

// reserve writes the flight's reservation, or says why it may not hash; kind is
// then the verdict of a wait.
func (s *Service) reserve(fl *flight) (admission iam.Admission, kind verdict, err error) {
	p := fl.lead.realm.Guessing
	if p.Off {
		return iam.GuessAllowed, unjudged, nil
	}
	err = s.replace(fl.lead, func(f iam.Failures, at int64) (iam.Failures, *iam.Event, bool) {
		if admission = p.Admit(f, at); admission != iam.GuessAllowed {
			if admission == iam.GuessWaiting {
				kind = waitKind(f)
			}
			return f, nil, false
		}
		return p.Reserve(f, fl.id, at), nil, true
	})
	return admission, kind, err
}

// settle resolves the reservation: a right password gives it back, a wrong one
// becomes a failure together with the leader's event.
func (s *Service) settle(fl *flight, o *outcome) error {
	t, p := fl.lead, fl.lead.realm.Guessing
	counted := o.verdict == wrong
	var err error
	switch {
	case p.Off && o.verdict == wrong:
		ctx, cancel := s.durable()
		defer cancel()
		err = s.store.RecordEvent(ctx, s.wrongEvent(t, s.clock.Now().UnixMilli()))
	case p.Off:
	case o.verdict == correct:
		err = s.replace(t, func(f iam.Failures, at int64) (iam.Failures, *iam.Event, bool) {
			next := p.Release(f, fl.id, at)
			o.recorded = next.Recorded()
			return next, nil, len(f.Reservations) > 0 // else a good login beside this one cleared the row
		})
	default:
		guess := secret.Tag(s.nameKey, "wrong password", t.key, t.attempt.Password)[:guessTag]
		err = s.replace(t, func(f iam.Failures, at int64) (iam.Failures, *iam.Event, bool) {
			released := p.Release(f, fl.id, at)
			next := p.Fail(f, fl.id, guess, at)
			counted = next.Count != released.Count || next.LastAt != released.LastAt
			ev := s.wrongEvent(t, at)
			return next, &ev, true
		})
	}
	if err != nil {
		return err
	}
	if o.verdict == wrong {
		o.logged = t
	}
	if counted {
		s.addresses.take(t.attempt.Address, s.clock.Now())
	}
	return nil
}

func (s *Service) wrongEvent(t *try, at int64) iam.Event {
	if !t.known {
		return s.event(t, at, "user_not_found")
	}
	return s.event(t, at, "invalid_user_credentials")
}

// replace reads the failure row, lets decide make the next one, and writes it,
// again and again until nobody else wrote in between. It does not end with the
// caller: a reservation whose writing was abandoned would count as a failure.
func (s *Service) replace(t *try, decide func(f iam.Failures, at int64) (next iam.Failures, ev *iam.Event, write bool)) error {
	ctx, cancel := s.durable()
	defer cancel()
	for range maxRaces {
		f, at, err := s.store.Failures(ctx, t.realm.ID, t.key)
		if err != nil {
			return err
		}
		next, ev, write := decide(f, at)
		if !write {
			return nil
		}
		err = s.store.ReplaceFailures(ctx, t.realm.ID, t.key, f, next, ev)
		if !errors.Is(err, iam.ErrStale) {
			return err
		}
	}
	return fmt.Errorf("%w: the failure row is never still", iam.ErrUnavailable)
}
