package grant_test

import (
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// A check refuses as the refresh would, and leaves a good token as it was.
func TestCheckRefreshGrantsNothing(t *testing.T) {
	t.Parallel()
	shared := newRig(t)
	for _, client := range []string{"anonymous", "rotating"} {
		r := shared.again(t)
		check := func(raw string) error { return r.svc.CheckRefresh(t.Context(), r.realm, refreshForm(client, raw)) }
		a := r.login(client)
		r.clock.wait(1000 * time.Second)
		for range 3 {
			if err := check(a.RefreshToken); err != nil {
				t.Fatalf("%s: %v", client, err)
			}
		}
		if len(r.seen) != 0 {
			t.Errorf("%s: counted %v", client, r.seen)
		}
		b := r.refresh(client, a.RefreshToken)
		if client == "rotating" { // the first use was the refresh just now, not a check
			if got := r.claims(b.RefreshToken).Gen; got != 1 {
				t.Errorf("generation %d", got)
			}
			r.clock.wait(time.Minute)
			r.refresh(client, b.RefreshToken)
			wantFault(t, check(a.RefreshToken), oauth.RefreshStale) // reuse is reuse
			wantFault(t, check(b.RefreshToken), oauth.ClientSessionMissing)
		}
		wantFault(t, check("garbage"), oauth.RefreshInvalid)
		if err := r.logout(client, b.RefreshToken); err != nil {
			t.Fatal(err)
		}
		wantFault(t, check(b.RefreshToken), oauth.SessionNotActive)
		wantFault(t, r.svc.CheckRefresh(t.Context(), r.realm, refreshForm("nobody", b.RefreshToken)), oauth.ClientUnknown)
	}
}
