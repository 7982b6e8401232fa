package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// KeyStore reads and changes signing keys.
type KeyStore interface {
	LoadConfig(ctx context.Context) (iam.ConfigRows, error)
	// ChangeKeys makes next of a realm's keys, all of which are prev; iam.ErrStale
	// when they are not. The configuration version moves.
	ChangeKeys(ctx context.Context, realmID string, prev, next []iam.Key, rev []iam.Revocation, ev *iam.Event) ([]iam.Revocation, error)
}

// KeyView is a key as it stands at the moment of asking.
type KeyView struct {
	iam.Key
	// Signs says that new tokens of the algorithm are signed with it.
	Signs bool
}

// keyTries is how often a change of keys is decided anew when another one, of
// the job or of another node, came first.
const keyTries = 5

// KeyList answers a realm's keys, those that sign first.
func (s *Service) KeyList(ctx context.Context, realm string) ([]KeyView, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return nil, err
	}
	rows, err := s.Signing.LoadConfig(ctx)
	if err != nil {
		return nil, err
	}
	return s.keyViews(cfg, keysOf(rows, cfg.Realm.ID)), nil
}

func (s *Service) keyViews(cfg *iam.RealmConfig, set iam.KeySet) []KeyView {
	set = set.At(s.Now().UnixMilli(), cfg.KeyLives())
	out := make([]KeyView, 0, len(set))
	for _, k := range set {
		out = append(out, KeyView{Key: k, Signs: set.Signs(k.KID)})
	}
	slices.SortStableFunc(out, func(a, b KeyView) int {
		if a.Signs != b.Signs {
			return map[bool]int{true: -1, false: 1}[a.Signs]
		}
		return strings.Compare(a.Algorithm, b.Algorithm)
	})
	return out
}

func keysOf(rows iam.ConfigRows, realmID string) iam.KeySet {
	out := iam.KeySet{}
	for _, k := range rows.Keys {
		if k.RealmID == realmID {
			out = append(out, k)
		}
	}
	return out
}

// RotateKeys makes a new key for one algorithm, or for each the realm signs
// with where algorithm is "". It is published at once, signs once everybody
// knows it (iam.KeyLead), and the old one then verifies for as long as what it
// signed can be good. Immediately is for keys that got out: the new ones sign at
// once, and what the old ones signed is refused.
func (s *Service) RotateKeys(ctx context.Context, c Caller, realm, algorithm string, immediately bool) ([]KeyView, error) {
	if algorithm != "" && !iam.HasSigner(algorithm) {
		return nil, refused("No keys are made for algorithm " + quote(algorithm)).
			WithHint("Name RS256, PS256, ES256, EdDSA or HS512.")
	}
	fresh := map[string]iam.Key{} // made once, however often the change is decided anew
	return s.changeKeys(ctx, realm, func(cfg *iam.RealmConfig, set iam.KeySet, now int64) (iam.KeySet, *iam.Event, error) {
		algorithms := []string{algorithm}
		if algorithm == "" {
			algorithms = set.Algorithms()
		}
		ev := s.event(c, cfg.Realm.ID, adminCreate, "COMPONENT", "components")
		next := set
		for _, alg := range algorithms {
			k, err := s.freshKey(fresh, cfg, alg)
			if err != nil {
				return nil, nil, err
			}
			if immediately {
				next = next.Replaced(k, now, cfg.KeyLives())
			} else if published, err := next.Published(k, now); err == nil {
				next = published
			} else if algorithm != "" || !errors.Is(err, iam.ErrRotating) {
				return nil, nil, keyRefusal(err, alg)
			} else {
				continue // the others rotate
			}
			ev.Details["kid."+alg] = k.KID
		}
		if next.Same(set) {
			return nil, nil, keyRefusal(iam.ErrRotating, strings.Join(algorithms, ", "))
		}
		ev.Details["immediately"] = truth(immediately)
		return next, ev, nil
	})
}

func (s *Service) freshKey(made map[string]iam.Key, cfg *iam.RealmConfig, alg string) (iam.Key, error) {
	if k, ok := made[alg]; ok {
		return k, nil
	}
	k, err := s.Importer.Keys.Generate(&cfg.Realm, alg, s.Now())
	if err != nil {
		return k, oauth.Refuse(oauth.Internal).Because(fmt.Errorf("making a key for %s: %w", alg, err))
	}
	made[alg] = k
	return k, nil
}

// DisableKey disables one key at once: what it signed is refused.
func (s *Service) DisableKey(ctx context.Context, c Caller, realm, kid string) ([]KeyView, error) {
	return s.changeKeys(ctx, realm, func(cfg *iam.RealmConfig, set iam.KeySet, now int64) (iam.KeySet, *iam.Event, error) {
		next, err := set.Disabled(kid, now, cfg.KeyLives())
		if errors.Is(err, iam.ErrNoSuchKey) {
			return nil, nil, unknown("key", kid, realm)
		}
		if err != nil {
			return nil, nil, keyRefusal(err, kid)
		}
		ev := s.event(c, cfg.Realm.ID, adminUpdate, "COMPONENT", "components")
		ev.Details["kid"], ev.Details["enabled"] = kid, "false"
		return next, ev, nil
	})
}

func keyRefusal(err error, what string) error {
	switch {
	case errors.Is(err, iam.ErrRotating):
		return taken("A new key for " + what + " is published already and signs soon").
			WithHint("`keys list` says when. If the old key got out, rotate with --now.").Because(err)
	case errors.Is(err, iam.ErrOnlyKey):
		return refused("The key " + quote(what) + " is the only one that signs with its algorithm").
			WithHint("Rotate with --now: a new key takes its place at once.").Because(err)
	}
	return oauth.Refuse(oauth.Internal).Because(err)
}

// changeKeys reads the keys, decides by change, and commits; the loser of a
// race decides anew.
func (s *Service) changeKeys(ctx context.Context, realm string, change func(cfg *iam.RealmConfig, set iam.KeySet, now int64) (iam.KeySet, *iam.Event, error)) ([]KeyView, error) {
	for try := 1; ; try++ {
		cfg, err := s.realm(realm)
		if err != nil {
			return nil, err
		}
		rows, err := s.Signing.LoadConfig(ctx)
		if err != nil {
			return nil, err
		}
		now := s.Now().UnixMilli()
		stored := keysOf(rows, cfg.Realm.ID)
		next, ev, err := change(cfg, stored.At(now, cfg.KeyLives()), now)
		if err != nil {
			return nil, err
		}
		entries, err := s.Signing.ChangeKeys(ctx, cfg.Realm.ID, stored, next, nil, ev)
		if errors.Is(err, iam.ErrStale) && try < keyTries {
			continue
		}
		if err != nil {
			return nil, answer(err, "A key of that name exists")
		}
		s.Node.Apply(entries...)
		s.reload(ctx)
		return s.keyViews(cfg, next), nil
	}
}

// MoveKeys takes all realms' rotations as far as they are due, and says when the
// next step is (Unix ms; 0: none). Several nodes may do so at once: the first
// one's change stands, and the others find nothing to do.
func (s *Service) MoveKeys(ctx context.Context) (next int64, err error) {
	rows, err := s.Signing.LoadConfig(ctx)
	if err != nil {
		return 0, err
	}
	now, moved := s.Now().UnixMilli(), false
	for _, cfg := range s.Node.Realms() {
		stored := keysOf(rows, cfg.Realm.ID)
		set := stored.At(now, cfg.KeyLives())
		if due := set.Next(now); due != 0 && (next == 0 || due < next) {
			next = due
		}
		if set.Same(stored) {
			continue
		}
		_, one := s.Signing.ChangeKeys(ctx, cfg.Realm.ID, stored, set, nil, s.movedEvent(cfg.Realm.ID, stored, set))
		if moved = true; one != nil && !errors.Is(one, iam.ErrStale) {
			err = errors.Join(err, one)
		}
	}
	if moved {
		s.reload(ctx)
	}
	return next, err
}

// movedEvent names what became of each key; nobody ordered it now.
func (s *Service) movedEvent(realmID string, was, is iam.KeySet) *iam.Event {
	ev := s.event(Caller{}, realmID, adminUpdate, "COMPONENT", "components")
	ev.Details["actor"] = "usher"
	for _, k := range was {
		i := slices.IndexFunc(is, func(o iam.Key) bool { return o.ID == k.ID })
		switch {
		case i < 0:
			ev.Details["removed."+k.KID] = k.Algorithm
		case is[i].Status != k.Status:
			ev.Details[strings.ToLower(string(is[i].Status))+"."+k.KID] = k.Algorithm
		}
	}
	return ev
}
