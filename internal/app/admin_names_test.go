package app_test

import (
	"net/http"
	"testing"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// TestNamesOfAnyKindAreAdministered: names are segments of the paths of
// administration, whatever they hold, over the socket as in process.
func TestNamesOfAnyKindAreAdministered(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	for how, o := range map[string]operator{"socket": overSocket(t, u.Data), "in process": offline(t)} {
		for _, name := range []string{
			"https://shop.example/callback", "a//b", "//", "/", ".", "..", "a/../b", "../../realms", "%2F", "%2e%2e", "a%", "a?b#c", "a b", "a;b", "ü", "a+b&c=d", "disable", "\\",
		} {
			order[api.ClientSecret](t, o, http.MethodPost, at(api.AdminClients), api.NewClient{ClientID: name, Kind: api.KindConfidential})
			c := order[api.Client](t, o, http.MethodGet, at(api.AdminClient, name), nil)
			if c.ClientID != name {
				t.Errorf("%s: the client %q is %q", how, name, c.ClientID)
			}
			if by := order[api.Client](t, o, http.MethodGet, at(api.AdminClient, c.ID), nil); by.ClientID != name {
				t.Errorf("%s: the id of client %q is of %q", how, name, by.ClientID)
			}
			if d := order[api.Done](t, o, http.MethodPost, at(api.AdminClientEnable, name), nil); d.Changed {
				t.Errorf("%s: the client %q was disabled", how, name)
			}
			order[api.ClientSecret](t, o, http.MethodPost, at(api.AdminClientSecret, name), nil)
			if name == "a b" || name == "ü" || name == "a?b#c" || name == "//" || name == ".." || name == "/" || name == "a%" || name == "a//b" {
				order[api.User](t, o, http.MethodPost, at(api.AdminUsers), api.NewUser{Username: name})
				if got := order[api.User](t, o, http.MethodGet, at(api.AdminUser, name), nil); got.Username != name {
					t.Errorf("%s: the user %q is %q", how, name, got.Username)
				}
				order[api.Done](t, o, http.MethodDelete, at(api.AdminUser, name), nil)
			}
		}
		refusal(t, o, http.StatusNotFound, http.MethodGet, "//status", nil)
		refusal(t, o, http.StatusNotFound, http.MethodGet, "/realms/platform/users/", nil)
		refusal(t, o, http.StatusNotFound, http.MethodGet, "/realms/platform/../platform", nil)
	}
}

// TestBackWithinASecond: who is disabled and enabled again, all in the second
// of a login, logs in anew and gets tokens that count.
func TestBackWithinASecond(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	o := overSocket(t, u.Data)
	addPerson(t, o, "jane")
	_, before, _ := tokensOf(t, u, "jane", goodPassword)
	order[api.Done](t, o, http.MethodPost, at(api.AdminUserDisable, "jane"), nil)
	order[api.Done](t, o, http.MethodPost, at(api.AdminUserEnable, "jane"), nil)
	_, after, _ := tokensOf(t, u, "jane", goodPassword)
	if status, _ := list(t, u, before); status != http.StatusUnauthorized {
		t.Errorf("the token of before: %d", status)
	}
	if status, _ := list(t, u, after); status != http.StatusOK {
		t.Errorf("the token of after: %d", status)
	}
}
