package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/app"
)

// devLog is silent with --json.
func (w *world) devLog(silent bool) *slog.Logger {
	if silent {
		return slog.New(slog.DiscardHandler)
	}
	log, err := app.NewLogger(w.stderr, "text", "info")
	if err != nil {
		return slog.New(slog.DiscardHandler) // cannot be: both words are right
	}
	return log
}

// shownUsers is how many users the text for people names.
const shownUsers = 10

// devReport names on standard error what the import had to say.
func (w *world) devReport(ctx context.Context, a *app.App, r *app.Report) {
	if err := a.CheckPasswords(ctx, r); err != nil {
		fmt.Fprintf(w.stderr, "note: passwords were not compared: %v\n", err)
	} else if n := r.Unchecked(); n > 0 {
		fmt.Fprintf(w.stderr, "note: %d passwords of the file were not compared with the stored ones, and are not printed\n", n)
	}
	w.printReport(*r)
}

func (w *world) printReport(r app.Report) {
	for _, line := range r.Warnings {
		fmt.Fprintln(w.stderr, "warning:", line)
	}
	for _, line := range r.Differences {
		fmt.Fprintln(w.stderr, "kept as stored:", line)
	}
}

// readyObject is what --json prints.
type readyObject struct {
	Issuer        string     `json:"issuer"`
	TokenEndpoint string     `json:"token_endpoint"`
	API           string     `json:"api"`
	Users         []keptUser `json:"users"`
	Management    string     `json:"management"`
}

// devReady says that the port answers.
func (w *world) devReady(a *app.App, f devFlags, users []app.Login) error {
	realm, issuer := a.Realm()
	out := readyObject{
		Issuer: issuer, TokenEndpoint: issuer + "/protocol/openid-connect/token",
		API: a.PublicURL() + "/v1", Users: []keptUser{}, Management: a.ManagementURL(),
	}
	for _, u := range users {
		if u.Realm == "" || u.Realm == realm {
			out.Users = append(out.Users, keptUser{u.Username, u.Password})
		}
	}
	if f.json {
		return json.NewEncoder(w.stdout).Encode(out)
	}
	_, err := fmt.Fprint(w.stdout, block(out, a.PasswordClient(), f.data))
	return err
}

// block is the text for people.
func block(r readyObject, client, data string) string {
	var b strings.Builder
	b.WriteString("\nUsher is ready.\n\n")
	fmt.Fprintf(&b, "  issuer      %s\n  API         %s\n  management  %s\n", r.Issuer, r.API, r.Management)
	if data != "" {
		fmt.Fprintf(&b, "  data        %s\n", data)
	} else {
		b.WriteString("  data        in a temporary folder, gone at the end; keep it with --data DIR\n")
	}
	for i, u := range r.Users {
		if i == shownUsers {
			fmt.Fprintf(&b, "  and %d more users with passwords in the realm file\n", len(r.Users)-shownUsers)
			break
		}
		if u.Password == "" {
			fmt.Fprintf(&b, "  user        %s   password  as it was set before\n", u.Username)
			continue
		}
		fmt.Fprintf(&b, "  user        %s   password  %s\n", u.Username, u.Password)
	}
	if client == "" {
		b.WriteString("\nThe realm has no public client that may use the password grant.\n")
		return b.String()
	}
	b.WriteString(curlLines(r, client))
	return b.String()
}

// curlLines are the three documented requests. The second and third take the
// tokens out of the first one's answer, so that pasting all three works.
func curlLines(r readyObject, client string) string {
	user, password := "<---USERNAME--->", "<---PASSWORD--->"
	if len(r.Users) > 0 && r.Users[0].Password != "" {
		user, password = formValue(r.Users[0].Username), formValue(r.Users[0].Password)
	}
	client = formValue(client)
	const header = `-H 'Content-Type: application/x-www-form-urlencoded'`
	var b strings.Builder
	fmt.Fprintf(&b, "\n# log in\nANSWER=$(curl -sS -X POST %s -d 'client_id=%s& grant_type=password& response_type=token& scope=openid& username=%s& password=%s' %s); echo \"$ANSWER\"\n",
		header, client, user, password, r.TokenEndpoint)
	fmt.Fprintf(&b, "\n# use the access token\ncurl -sS -X GET -H \"Authorization: Bearer $(echo \"$ANSWER\" | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\" %s/vms\n", r.API)
	fmt.Fprintf(&b, "\n# use the refresh token\ncurl -sS -X POST %s -d \" grant_type=refresh_token& client_id=%s& refresh_token=$(echo \"$ANSWER\" | sed 's/.*\"refresh_token\":\"\\([^\"]*\\)\".*/\\1/')\" %s\n\n",
		header, client, r.TokenEndpoint)
	return b.String()
}

// formValue encodes a value for a form between single quotes of a shell.
func formValue(s string) string {
	return strings.NewReplacer("%40", "@", "+", "%20").Replace(url.QueryEscape(s))
}
