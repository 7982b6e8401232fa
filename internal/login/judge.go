package login

import (
	"context"
	"errors"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// storeTime bounds a write that must not be abandoned with its caller.
const storeTime = 10 * time.Second

// judge brings an attempt to its outcome: by the failure row alone, by the
// cache, or by a flight.
func (s *Service) judge(ctx context.Context, t *try) outcome {
	g := s.flights.join(t.key)
	defer s.flights.part(g)
	var deadline time.Time
	for {
		mark := s.flights.mark(g)
		f, at, err := s.failures(ctx, t)
		if err != nil {
			return outcome{err: err}
		}
		next, fl, changed := s.flights.board(g, t, f, at, mark,
			func() recall { return s.recall(t) },
			func(certain bool) *flight { return s.begin(t, certain) })
		switch next {
		case beClosed:
			return outcome{err: context.Canceled}
		case beWaiting:
			return outcome{verdict: waitKind(f)}
		case beVerified:
			return outcome{verdict: correct, recorded: f.Recorded(), cached: true}
		case beFull:
			now := s.clock.Now()
			if deadline.IsZero() {
				deadline = now.Add(patience)
			}
			if !now.Before(deadline) {
				return outcome{err: iam.BusyError{RetryAfter: 1}}
			}
			if err := s.pause(ctx, changed, min(lookAgain, deadline.Sub(now))); err != nil {
				return outcome{err: err}
			}
		case ride:
			if o, again := s.ride(ctx, fl); !again {
				return o
			}
		}
	}
}

// ride waits for a flight. Again means that it was taken out of the queue
// because everybody else had left it.
func (s *Service) ride(ctx context.Context, fl *flight) (o outcome, again bool) {
	select {
	case <-fl.done:
		again = errors.Is(fl.out.err, context.Canceled) && s.base.Err() == nil
		return fl.out, again
	case <-ctx.Done():
		s.flights.leave(fl)
		return outcome{err: ctx.Err()}, false
	}
}

func (s *Service) recall(t *try) recall {
	if !t.cacheable() {
		return nothing
	}
	return s.cache.look(t.user.ID, t.stored, t.guess, s.clock.Now())
}

// begin starts a flight; it is called under the flights' lock.
func (s *Service) begin(t *try, certain bool) *flight {
	fl := &flight{id: s.newID(), lead: t, certain: certain, done: make(chan struct{})}
	fl.ctx, fl.cancel = context.WithCancel(s.base)
	s.work.Go(func() { s.fly(fl) })
	return fl
}

// fly carries a flight to its end, and renews an outdated hash afterwards, when
// the riders have their answer.
func (s *Service) fly(fl *flight) {
	o := s.evaluate(fl)
	if o.verdict == unjudged && fl.certain {
		if err := s.settle(fl, &outcome{verdict: wrong}); err != nil {
			s.log.WarnContext(fl.lead.request, "a wrong password was not counted", "error", err)
		}
	}
	s.flights.end(fl, o)
	if o.verdict == correct {
		s.upgrade(fl)
	}
}

// evaluate queues, reserves, hashes and settles.
func (s *Service) evaluate(fl *flight) outcome {
	from := addressOf(fl.lead.attempt.Address)
	var deadline time.Time
	for {
		came := s.clock.Now()
		if err := s.places.enter(fl.ctx, from); err != nil {
			return outcome{err: err}
		}
		s.metrics.Wait(s.clock.Now().Sub(came))
		o, full := s.inPlace(fl)
		if !full {
			return o
		}
		now := s.clock.Now()
		if deadline.IsZero() {
			deadline = now.Add(patience)
		}
		if !now.Before(deadline) {
			return outcome{err: iam.BusyError{RetryAfter: 1}}
		}
		if err := s.clock.Sleep(fl.ctx, min(lookAgain, deadline.Sub(now))); err != nil {
			return outcome{err: err}
		}
	}
}

// inPlace does what needs a place, and gives it back: the address is asked once
// more, since many attempts of one address may have stood in line together.
func (s *Service) inPlace(fl *flight) (o outcome, full bool) {
	t := fl.lead
	if wait := s.addresses.check(t.attempt.Address, s.clock.Now()); wait > 0 {
		s.places.leave()
		return outcome{err: iam.BusyError{RetryAfter: seconds(wait), Address: true}}, false
	}
	admission, kind, err := s.reserve(fl)
	if err != nil || admission != iam.GuessAllowed {
		s.places.leave()
		return outcome{verdict: kind, err: err}, err == nil && admission == iam.GuessFull
	}
	o = s.hash(t)
	s.places.leave()
	if err := s.settle(fl, &o); err != nil {
		return outcome{err: err}, false
	}
	return o, false
}

// hash runs exactly one hash, whatever there is to compare with.
func (s *Service) hash(t *try) outcome {
	o := outcome{verdict: wrong}
	kind := s.hasher.DefaultKind()
	var unusable error
	_, end := s.step(t.request, "hash")
	took := s.inSlot(func() string {
		o.started = s.clock.Now()
		if t.usable {
			var ok bool
			p := t.user.Password
			if ok, unusable = s.hasher.Verify(p.SecretData, p.CredentialData, t.attempt.Password); unusable == nil {
				kind = s.hasher.Kind(p.SecretData, p.CredentialData)
				if ok {
					o.verdict = correct
				}
				return kind
			}
		}
		s.hasher.Dummy("")
		return kind
	})
	end(unusable)
	if t.usable {
		s.metrics.Verified(t.realm.ID, kind, verified(o.verdict, unusable))
	}
	if unusable != nil {
		s.log.WarnContext(t.request, "a stored password hash cannot be used", "user_id", t.user.ID, "error", unusable)
	}
	if s.costs.meet(t.realm.ID, kind) {
		s.costs.learn(kind, took, false)
	}
	return o
}

func verified(v verdict, unusable error) string {
	switch {
	case unusable != nil:
		return "error"
	case v == correct:
		return "valid"
	}
	return "invalid"
}

// upgrade replaces an outdated hash by one made now. It waits in the queue like
// a login; when there is no room the next login does it. Whoever changed the
// password meanwhile wins.
func (s *Service) upgrade(fl *flight) {
	t := fl.lead
	prev := *t.user.Password
	if !s.hasher.NeedsRehash(prev.SecretData, prev.CredentialData) {
		return
	}
	if s.places.enter(s.base, addressOf(t.attempt.Address)) != nil {
		return
	}
	next := prev
	var err error
	s.inSlot(func() string {
		next.SecretData, next.CredentialData, err = s.hasher.Hash(t.attempt.Password)
		return s.hasher.DefaultKind()
	})
	s.places.leave()
	if err == nil {
		ctx, cancel := s.durable()
		defer cancel()
		err = s.store.UpgradePassword(ctx, t.user.ID, prev, next)
	}
	switch {
	case errors.Is(err, iam.ErrStale):
	case err != nil:
		s.log.WarnContext(t.request, "an outdated password hash was not renewed", "user_id", t.user.ID, "error", err)
	case s.cache.look(t.user.ID, t.stored, t.guess, s.clock.Now()) == right:
		s.cache.put(t.user.ID,
			tag(secret.Tag(s.processKey, "stored", next.SecretData, next.CredentialData)),
			tag(secret.Tag(s.processKey, "guess", t.key, next.SecretData, next.CredentialData, t.attempt.Password)),
			s.clock.Now())
	}
}

// pause waits until changed closes, d has passed, or ctx ends with its error.
func (s *Service) pause(ctx context.Context, changed <-chan struct{}, d time.Duration) error {
	sleeping, cancel := context.WithCancel(ctx)
	defer cancel()
	slept := make(chan struct{})
	go func() {
		_ = s.clock.Sleep(sleeping, d)
		close(slept)
	}()
	select {
	case <-changed:
	case <-slept:
	}
	return ctx.Err()
}

// durable is the context of writes that outlive their caller.
func (s *Service) durable() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(s.base), storeTime)
}

func waitKind(f iam.Failures) verdict {
	if f.Locked {
		return locked
	}
	return refused
}
