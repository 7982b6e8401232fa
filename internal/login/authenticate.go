package login

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

const (
	// maxName is the longest name, in bytes, that is looked up.
	maxName = 1024
	// patience is how long an attempt waits for unresolved guesses at the same
	// name; lookAgain how often it asks the store about those of other nodes.
	patience  = time.Second
	lookAgain = 250 * time.Millisecond
)

// try is one attempt on its way.
type try struct {
	realm   *iam.Realm
	attempt iam.Attempt
	arrived time.Time
	// request is for log lines and spans alone: the hash outlives the request
	// that began it when others wait for it too.
	request context.Context
	user    iam.User // zero when the name is unknown
	known   bool
	// usable says that there is a stored hash to compare with and a password
	// that may be one: not empty, whatever the hash is of, and short enough to
	// hash. Otherwise a dummy is hashed and the answer is no.
	usable bool
	key    string // of the failure row
	stored tag    // over the stored hash
	guess  tag    // over user, stored hash and password
}

type verdict int

const (
	unjudged verdict = iota // see err
	wrong
	refused // in its wait
	locked  // until reset
	correct
)

// outcome is what became of an attempt, or of the hash that several shared.
type outcome struct {
	verdict  verdict
	err      error     // with unjudged: iam.BusyError, storage trouble, or ctx's
	started  time.Time // of the hash; zero without one
	recorded bool      // with correct: the failure row holds something to clear
	cached   bool
	logged   *try // whose event is written already
}

// Authenticate judges an attempt. The errors are iam.ErrBadCredentials (unknown,
// wrong, waiting and locked alike), iam.ErrAccountDisabled and
// iam.ErrAccountNotSetUp (both only after the right password), iam.BusyError and
// iam.ErrUnavailable. A refused attempt leaves a LOGIN_ERROR event with the
// attempt's EventID; a busy one leaves none.
func (s *Service) Authenticate(ctx context.Context, cfg *iam.RealmConfig, a iam.Attempt) (iam.Verified, error) {
	arrived := s.clock.Now()
	if wait := s.addresses.check(a.Address, arrived); wait > 0 {
		return s.abandon(iam.BusyError{RetryAfter: seconds(wait), Address: true})
	}
	t, err := s.prepare(ctx, &cfg.Realm, a, arrived)
	if err != nil {
		return s.abandon(err)
	}
	return s.answer(ctx, t, s.judge(ctx, t))
}

// answer turns an outcome into what the caller is told, and when.
func (s *Service) answer(ctx context.Context, t *try, o outcome) (iam.Verified, error) {
	switch o.verdict {
	case unjudged:
		return s.abandon(o.err)
	case wrong:
		if !t.known {
			return s.refuse(ctx, t, o, "unknown", "user_not_found", iam.ErrBadCredentials)
		}
		return s.refuse(ctx, t, o, "wrong", "invalid_user_credentials", iam.ErrBadCredentials)
	case refused, locked:
		return s.refuse(ctx, t, o, "waiting", waitingError(t, o), iam.ErrBadCredentials)
	}
	switch err := standing(&t.user); err {
	case nil:
	case iam.ErrAccountDisabled:
		return s.refuse(ctx, t, o, "disabled", "user_disabled", err)
	default:
		return s.refuse(ctx, t, o, "not_set_up", "resolve_required_actions", err)
	}
	outcome := "ok"
	if o.cached {
		outcome = "cached"
	} else if t.cacheable() {
		s.cache.put(t.user.ID, t.stored, t.guess, s.clock.Now())
	}
	s.metrics.Login(outcome)
	v := iam.Verified{User: t.user}
	if o.recorded {
		v.ClearFailures = t.key
	}
	return v, nil
}

// prompt is how soon after its attempt a hash begins that had not to queue: by
// then the attempt was written down. It is well less than what the floor leaves
// between the slowest hash's end and the answer.
const prompt = 5 * time.Millisecond

// refuse writes the event, unless the hash's settlement did, and answers at the
// floor. The floor counts from the attempt, so that a name in its wait, which
// costs neither a hash nor a reservation, takes as long as any other. Behind a
// queue it counts from the start of the hash: the queue tells nothing about the
// name, the hash might.
func (s *Service) refuse(ctx context.Context, t *try, o outcome, metric, name string, result error) (iam.Verified, error) {
	if o.logged != t {
		if err := s.store.RecordEvent(ctx, s.event(t, s.clock.Now().UnixMilli(), name)); err != nil {
			return s.abandon(err)
		}
	}
	s.metrics.Login(metric)
	from := t.arrived
	if o.started.Sub(from) > prompt {
		from = o.started
	}
	if err := s.waitUntil(ctx, from, s.costs.floor(t.realm.ID)); err != nil {
		return iam.Verified{}, unavailable(err)
	}
	return iam.Verified{}, result
}

// waitUntil waits until d after from, and wakes once on the way. A machine that
// was idle for long answers later than one that hashed until a moment ago, by a
// quarter of a millisecond: that would tell a name in its wait from others. Who
// hashed has no more than the second half left.
func (s *Service) waitUntil(ctx context.Context, from time.Time, d time.Duration) error {
	for _, end := range [...]time.Time{from.Add(d / 2), from.Add(d)} {
		if left := end.Sub(s.clock.Now()); left > 0 {
			if err := s.clock.Sleep(ctx, left); err != nil {
				return err
			}
		}
	}
	return nil
}

// abandon answers an attempt that was not judged.
func (s *Service) abandon(err error) (iam.Verified, error) {
	var busy iam.BusyError
	if errors.As(err, &busy) {
		s.metrics.Login("busy")
		return iam.Verified{}, busy
	}
	s.metrics.Login("error")
	return iam.Verified{}, unavailable(err)
}

// prepare finds the user and computes the keys of the attempt.
func (s *Service) prepare(ctx context.Context, realm *iam.Realm, a iam.Attempt, arrived time.Time) (*try, error) {
	t := &try{realm: realm, attempt: a, arrived: arrived, request: context.WithoutCancel(ctx)}
	name := iam.CanonicalName(a.Username)
	user, err := s.find(ctx, realm, name)
	switch {
	case err == nil:
		t.user, t.known, t.key = user, true, user.ID
	case errors.Is(err, iam.ErrNotFound):
		t.key = s.nobody(realm.ID, name)
	default:
		return nil, err
	}
	t.usable = t.known && user.Password != nil && user.ServiceAccountOf == "" &&
		a.Password != "" && len(a.Password) <= secret.MaxPassword
	var secretData, credentialData string
	if t.usable {
		secretData, credentialData = user.Password.SecretData, user.Password.CredentialData
	}
	t.stored = tag(secret.Tag(s.processKey, "stored", secretData, credentialData))
	t.guess = tag(secret.Tag(s.processKey, "guess", t.key, secretData, credentialData, a.Password))
	return t, nil
}

// find looks an address up as an e-mail first and a name then, as Keycloak does.
func (s *Service) find(ctx context.Context, realm *iam.Realm, name string) (iam.User, error) {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return iam.User{}, iam.ErrNotFound
	}
	if realm.LoginWithEmail && strings.Contains(name, "@") {
		user, err := s.store.UserByEmail(ctx, realm.ID, name)
		if !errors.Is(err, iam.ErrNotFound) {
			return user, err
		}
	}
	return s.store.UserByName(ctx, realm.ID, name)
}

// standing says what a right password is worth to the user. A second factor
// cannot be asked for by one request, so it is an account not set up for this.
func standing(u *iam.User) error {
	switch {
	case !u.Enabled:
		return iam.ErrAccountDisabled
	case u.SecondFactor() || len(u.RequiredActions) > 0:
		return iam.ErrAccountNotSetUp
	}
	return nil
}

// cacheable says whether the verified-password cache may serve the attempt. Who
// would be refused anyway pays the hash.
func (t *try) cacheable() bool {
	return t.attempt.Direct && !t.realm.NoVerifiedPasswordCache && t.usable && standing(&t.user) == nil
}

func waitingError(t *try, o outcome) string {
	switch {
	case !t.known:
		return "user_not_found"
	case o.verdict == locked:
		return "user_disabled"
	}
	return "user_temporarily_disabled"
}

// unavailable makes an error that is no judgement, whatever its cause.
func unavailable(err error) error {
	if errors.Is(err, iam.ErrUnavailable) {
		return fmt.Errorf("login: %w", err)
	}
	return fmt.Errorf("login: %w: %w", iam.ErrUnavailable, err)
}
