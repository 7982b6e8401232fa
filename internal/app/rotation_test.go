package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// fastKeys is the built-in realm with keys that are quickly made.
const fastKeys = `{"realm": "platform", "enabled": true, "defaultSignatureAlgorithm": "ES256", "ssoSessionIdleTimeout": 7200, "ssoSessionMaxLifespan": 172800,
"clients": [{"clientId": "anonymous", "enabled": true, "publicClient": true, "directAccessGrantsEnabled": true},
{"clientId": "rotating", "enabled": true, "publicClient": true, "directAccessGrantsEnabled": true, "attributes": {"usher.revoke.refresh.token": "true"}}],
"users": [{"username": "` + apptest.User + `", "enabled": true, "credentials": [{"value": "` + apptest.Password + `"}]}]}`

// resource is a verifier that knows of Usher what the key set tells, and keeps
// that for as long as it may. It never asks for a key it does not know.
type resource struct {
	keys  jose.JSONWebKeySet
	until time.Time
}

func (v *resource) verify(t *testing.T, u *apptest.Usher, access string) error {
	t.Helper()
	now := u.Clock.Now()
	if !now.Before(v.until) {
		v.keys, v.until = keySet(t, u, now)
	}
	token, err := jwt.ParseSigned(access, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return err
	}
	var claims jwt.Claims
	if err := token.Claims(&v.keys, &claims); err != nil {
		return err
	}
	return claims.ValidateWithLeeway(jwt.Expected{Time: now}, 0)
}

func keySet(t *testing.T, u *apptest.Usher, now time.Time) (set jose.JSONWebKeySet, until time.Time) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.URL+"/auth/realms/platform/protocol/openid-connect/certs", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	_, age, _ := strings.Cut(answer.Header.Get("Cache-Control"), "max-age=")
	seconds, err := strconv.Atoi(age)
	if err != nil {
		t.Fatalf("Cache-Control %q", answer.Header.Get("Cache-Control"))
	}
	return set, now.Add(time.Duration(seconds) * time.Second)
}

func kidOf(t *testing.T, raw string) string {
	t.Helper()
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.ES256, jose.HS512})
	if err != nil {
		t.Fatal(err)
	}
	return token.Headers[0].KeyID
}

func refreshedAt(t *testing.T, u *apptest.Usher, client, token string) (status int, access, refresh string) {
	t.Helper()
	return askTokens(t, u, url.Values{"client_id": {client}, "grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// holder is a client that refreshes.
type holder struct {
	client, access, refresh string
}

func newHolder(t *testing.T, u *apptest.Usher, client string) *holder {
	t.Helper()
	status, access, refresh := askTokens(t, u, url.Values{"client_id": {client}, "grant_type": {"password"},
		"username": {apptest.User}, "password": {apptest.Password}})
	if status != http.StatusOK {
		t.Fatalf("login: %d", status)
	}
	return &holder{client, access, refresh}
}

func (h *holder) next(t *testing.T, u *apptest.Usher) {
	t.Helper()
	status, access, refresh := refreshedAt(t, u, h.client, h.refresh)
	if status != http.StatusOK {
		t.Fatalf("refresh by %s: %d", h.client, status)
	}
	h.access, h.refresh = access, refresh
}

// TestRotationUnderVerification rotates all keys ten times while clients refresh
// and three verifiers, each with its own phase, check every token that has not
// expired: none fails. Then the retired keys are gone.
func TestRotationUnderVerification(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{Realm: fastKeys, Clock: apptest.NewStillClock()})
	o := overSocket(t, u.Data)
	holders := []*holder{newHolder(t, u, "anonymous"), newHolder(t, u, "rotating")}
	verifiers := make([]*resource, 3)
	for i := range verifiers {
		verifiers[i] = &resource{}
		verifiers[i].keys, verifiers[i].until = keySet(t, u, u.Clock.Now().Add(time.Duration(i-2)*100*time.Second))
	}
	type issued struct {
		token string
		until time.Time
	}
	var tokens []issued
	checked := 0
	check := func() {
		t.Helper()
		now := u.Clock.Now()
		for _, h := range holders {
			h.next(t, u)
			tokens = append(tokens, issued{h.access, now.Add(300 * time.Second)})
		}
		for len(tokens) > 0 && tokens[0].until.Before(now) {
			tokens = tokens[1:]
		}
		for _, tok := range tokens {
			for i, v := range verifiers {
				if err := v.verify(t, u, tok.token); err != nil {
					t.Fatalf("verifier %d: %v", i, err)
				}
				checked++
			}
			if status, _ := list(t, u, tok.token); status != http.StatusOK {
				t.Fatalf("the API: %d", status)
			}
		}
	}
	for range 10 {
		changed := order[api.KeysChanged](t, o, http.MethodPost, at(api.AdminKeysRotate), api.RotateKeys{})
		coming := map[string]bool{}
		for _, k := range changed.Keys {
			coming[k.KID] = k.ActivateAt != 0
		}
		old, oldRefresh := kidOf(t, holders[0].access), kidOf(t, holders[0].refresh)
		for range 29 { // to a moment before the new keys sign
			u.Clock.Advance(124 * time.Second)
			check()
		}
		if kidOf(t, holders[0].access) != old {
			t.Fatal("a key signed before its time")
		}
		before := *holders[0]
		u.Clock.Advance(5 * time.Second)
		for try := 0; kidOf(t, holders[0].access) == old || kidOf(t, holders[0].refresh) == oldRefresh; try++ {
			if try > 2000 {
				t.Fatal("the new keys never signed")
			}
			check()
			tokens = tokens[len(tokens)-1:]
		}
		if !coming[kidOf(t, holders[0].access)] || !coming[kidOf(t, holders[0].refresh)] {
			t.Fatal("another key signs than the one that was published")
		}
		if status, _, _ := refreshedAt(t, u, before.client, before.refresh); status != http.StatusOK {
			t.Fatalf("a refresh token made with the old key: %d", status)
		}
		refusal(t, o, http.StatusUnprocessableEntity, http.MethodPost, at(api.AdminKeyDisable, kidOf(t, holders[0].access)), nil)
		for range 4 { // the old key verifies until its last token is over, and a minute more
			u.Clock.Advance(91 * time.Second)
			check()
		}
		eventually(t, func() bool { set, _ := keySet(t, u, u.Clock.Now()); return len(set.Keys) == 1 }, "the old key is still published")
	}
	if checked < 1000 {
		t.Errorf("only %d verifications", checked)
	}
	u.Clock.Advance(31 * 24 * time.Hour)
	eventually(t, func() bool {
		return len(order[api.Page[api.Key]](t, o, http.MethodGet, at(api.AdminKeys), nil).Items) == 2
	}, "old HMAC keys are still there")
}

// eventually asks until the answer is yes; a request takes its time.
func eventually(t *testing.T, yes func() bool, otherwise string) {
	t.Helper()
	for range 2000 {
		if yes() {
			return
		}
	}
	t.Fatal(otherwise)
}

// TestEmergencyRotation: what the old keys signed is refused at once everywhere
// in Usher, and the key set has the new key alone.
func TestEmergencyRotation(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{Realm: fastKeys})
	o := overSocket(t, u.Data)
	h := newHolder(t, u, "anonymous")
	order[api.KeysChanged](t, o, http.MethodPost, at(api.AdminKeysRotate), api.RotateKeys{})
	refusal(t, o, http.StatusConflict, http.MethodPost, at(api.AdminKeysRotate), api.RotateKeys{})
	refusal(t, o, http.StatusUnprocessableEntity, http.MethodPost, at(api.AdminKeysRotate), api.RotateKeys{Algorithm: "none"})
	changed := order[api.KeysChanged](t, o, http.MethodPost, at(api.AdminKeysRotate), api.RotateKeys{Immediately: true})
	signing := 0
	for _, k := range changed.Keys {
		if k.Signs {
			signing++
		} else if k.Status != "DISABLED" || k.RemoveAt == 0 {
			t.Errorf("%+v", k)
		}
	}
	if signing != 2 {
		t.Errorf("%d keys sign", signing)
	}
	if status, _ := list(t, u, h.access); status != http.StatusUnauthorized {
		t.Errorf("an old access token: %d", status)
	}
	if status, _, _ := refreshedAt(t, u, "anonymous", h.refresh); status != http.StatusBadRequest {
		t.Errorf("an old refresh token: %d", status)
	}
	if set, _ := keySet(t, u, u.Clock.Now()); len(set.Keys) != 1 || set.Keys[0].KeyID == kidOf(t, h.access) {
		t.Errorf("%d keys are published", len(set.Keys))
	}
	again := newHolder(t, u, "anonymous")
	if status, _ := list(t, u, again.access); status != http.StatusOK {
		t.Errorf("a new access token: %d", status)
	}
}

// TestRotationSurvivesARestart: one that was begun goes on where its time came
// while nothing ran.
func TestRotationSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir, clock := t.TempDir(), apptest.NewClock()
	first := apptest.Start(t, apptest.Options{Dir: dir, Realm: fastKeys, Clock: clock})
	changed := order[api.KeysChanged](t, overSocket(t, first.Data), http.MethodPost, at(api.AdminKeysRotate), api.RotateKeys{Algorithm: "ES256"})
	old := kidOf(t, newHolder(t, first, "anonymous").access)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	clock.Advance(2 * time.Hour)
	second := apptest.Start(t, apptest.Options{Dir: dir, Realm: fastKeys, Clock: clock})
	kid := kidOf(t, newHolder(t, second, "anonymous").access)
	for _, k := range changed.Keys {
		if k.KID == kid && k.ActivateAt == 0 || kid == old {
			t.Errorf("%s signs after the restart", kid)
		}
	}
}
