package grant_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// The password grant's checks in their order; each row also has every later fault.
func TestPasswordOrder(t *testing.T) {
	t.Parallel()
	shared := newRig(t)
	for _, test := range []struct {
		name  string
		req   grant.Request
		auth  error
		want  oauth.Fault
		asked int
	}{
		{name: "direct grants off", req: loginForm("indirect", "nonsense"), want: oauth.DirectGrantOff},
		{name: "consent", req: loginForm("consent", "nonsense"), want: oauth.ConsentRequired},
		{name: "scope", req: request("grant_type", "password", "client_id", "anonymous", "scope", "nonsense"), want: oauth.InvalidScope},
		{name: "double blank in scope", req: loginForm("anonymous", "openid  email"), want: oauth.InvalidScope},
		{name: "no user name", req: request("grant_type", "password", "client_id", "anonymous", "password", "x"), want: oauth.NoUsername},
		{name: "wrong password", req: request("grant_type", "password", "client_id", "anonymous", "username", "anna", "password", "x"), want: oauth.WrongCredentials, asked: 1},
		{name: "no password", req: request("grant_type", "password", "client_id", "anonymous", "username", "anna"), want: oauth.WrongCredentials, asked: 1},
		{name: "unknown user", req: request("grant_type", "password", "client_id", "anonymous", "username", "bert", "password", "x"), want: oauth.WrongCredentials, asked: 1},
		{name: "disabled", req: loginForm("anonymous", ""), auth: iam.ErrAccountDisabled, want: oauth.AccountDisabled, asked: 1},
		{name: "required action", req: loginForm("anonymous", ""), auth: iam.ErrAccountNotSetUp, want: oauth.AccountNotSetUp, asked: 1},
		{name: "busy", req: loginForm("anonymous", ""), auth: iam.BusyError{RetryAfter: 3}, want: oauth.Busy, asked: 1},
		{name: "address", req: loginForm("anonymous", ""), auth: iam.BusyError{RetryAfter: 3, Address: true}, want: oauth.TooManyFailures, asked: 1},
		{name: "storage trouble", req: loginForm("anonymous", ""), auth: iam.ErrUnavailable, want: oauth.Unavailable, asked: 1},
		{name: "an unforeseen error", req: loginForm("anonymous", ""), auth: context.Canceled, want: oauth.Unavailable, asked: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := shared.again(t)
			r.auth.err = test.auth
			e := r.refused(test.req, test.want)
			if r.auth.asked != test.asked {
				t.Errorf("asked %d times for the password", r.auth.asked)
			}
			if (test.want == oauth.Busy || test.want == oauth.TooManyFailures) && e.RetryAfter != 3 || test.want == oauth.Unavailable && e.RetryAfter == 0 {
				t.Errorf("Retry-After %d", e.RetryAfter)
			}
			if test.want == oauth.WrongCredentials && e.ID == "" {
				t.Error("no error_id")
			}
		})
	}
}

// What is said of a wrong password hangs on what was sent, not on the account.
// A password that is too long is judged as it was sent, not as none.
func TestLongPasswordIsJudgedAsSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, n := range []int{1025, 4001, 60_000} {
		sent := strings.Repeat("a", n)
		r.refused(request("grant_type", "password", "client_id", "anonymous", "username", "anna", "password", sent), oauth.WrongCredentials)
		if r.auth.last.Password != sent {
			t.Errorf("of %d bytes %d were judged", n, len(r.auth.last.Password))
		}
	}
}

func TestPasswordHints(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for sent, part := range map[string]string{"a+b": "bare +", "100%25": "", "a%2526b": "once", "": "none arrived", "plain": "", strings.Repeat("a", 1025): "1025 bytes", strings.Repeat("a", 1024): ""} {
		var hints [2]string
		for i, name := range []string{"anna", "bert"} {
			e := r.refused(rawRequest("grant_type=password&client_id=anonymous&username="+name+"&password="+sent), oauth.WrongCredentials)
			hints[i] = e.Hint
		}
		if hints[0] != hints[1] || part == "" && hints[0] != "" || !strings.Contains(hints[0], part) {
			t.Errorf("for %q: %q and %q", sent, hints[0], hints[1])
		}
	}
}

func TestLoginIsOneFact(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("anonymous")
	got := r.events("LOGIN")
	if len(got) != 1 || got[0].SessionID != a.SessionState || got[0].UserID != r.users()[0].ID || got[0].ClientID != "anonymous" ||
		got[0].Details["username"] != "anna" || got[0].Details["auth_method"] != "oauth_credentials" {
		t.Errorf("events %+v", got)
	}
	view, err := r.db.Family(t.Context(), r.realm.Realm.ID, r.claims(a.AccessToken).Family)
	if err != nil {
		t.Fatal(err)
	}
	if view.Session == nil || view.ClientSession == nil || view.Family.Rotating || view.Session.DeadAt != start*1000+4_501_000 ||
		view.Family.DeadAt != view.Session.DeadAt {
		t.Errorf("%+v", view)
	}
}

func TestWithoutOpenID(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.must(loginForm("anonymous", ""))
	if a.IDToken != "" || a.Scope != "profile email" {
		t.Errorf("scope %q, ID token %v", a.Scope, a.IDToken != "")
	}
	if next := r.refresh("anonymous", a.RefreshToken); next.IDToken != "" {
		t.Error("a refresh gave an ID token that the login had not")
	}
}

func TestClientWithoutRefreshTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("norefresh")
	if a.RefreshToken != "" || a.RefreshExpiresIn != 0 || a.SessionState == "" {
		t.Errorf("%+v", a)
	}
	if c := r.claims(a.AccessToken); c.Family == "" {
		t.Error("its access tokens name no family")
	}
}

// A password that changes while the login is judged is judged again.
func TestUserChangesMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stale := &hookedStore{DB: r.db, openLogin: func(n int) error {
		if n == 1 {
			return iam.ErrStale
		}
		return nil
	}}
	r.svc = r.service(stale)
	r.login("anonymous")
	if r.auth.asked != 2 {
		t.Errorf("asked %d times", r.auth.asked)
	}
	stale.openLogin = func(int) error { return iam.ErrStale }
	r.refused(loginForm("anonymous", ""), oauth.Unavailable)
}
