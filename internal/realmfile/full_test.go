package realmfile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// fullExport is a realm with every member that Keycloak's export can write:
// all top-level members, its built-in clients and client scopes, components of
// all kinds, flows, identity providers, each kind of credential.
func fullExport(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/full-export.json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestFullExport shows that it is taken without a fault, and what is said of it is known.
func TestFullExport(t *testing.T) {
	t.Parallel()
	_, warnings := warned(t, string(fullExport(t)))
	golden(t, "full-export.warnings", warnings+"\n")
	for _, part := range []string{"type otp is kept", "type webauthn is kept", "type recovery-authn-codes is kept"} {
		if !strings.Contains(warnings, part) {
			t.Errorf("a credential is not named: %s", part)
		}
	}
}

// TestNothingIsDroppedInSilence changes every scalar of the full export, one at
// a time (of list elements alike, one), and looks where the change arrives: in
// the rows, so it is used, or refused, so it is read; else it must have arrived
// among what is kept, and stand in a warning if it says anything. To be quick,
// each member is looked at with only those around it that it refers to.
func TestNothingIsDroppedInSilence(t *testing.T) {
	t.Parallel()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(fullExport(t), &members); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, name := range slices.Sorted(maps.Keys(members)) {
		part := map[string]json.RawMessage{"realm": members["realm"], "enabled": members["enabled"], name: members[name]}
		for _, need := range refersTo[name] {
			part[need] = members[need]
		}
		text, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		checked += checkMember(t, text, name)
	}
	if checked < 300 {
		t.Errorf("only %d places were looked at", checked)
	}
}

// refersTo says which members a member is not read without.
var refersTo = map[string][]string{
	"users": {"roles", "groups", "clients"}, "clients": {"clientScopes"}, "scopeMappings": {"clients"}, "clientScopeMappings": {"clients"},
	"defaultDefaultClientScopes": {"clientScopes"}, "defaultOptionalClientScopes": {"clientScopes"}, "defaultRole": {"roles"},
	"permanentLockout": guessing, "maxTemporaryLockouts": guessing, "bruteForceStrategy": guessing, "failureFactor": guessing, "waitIncrementSeconds": guessing,
	"maxFailureWaitSeconds": guessing, "maxDeltaTimeSeconds": guessing, "quickLoginCheckMilliSeconds": guessing, "minimumQuickLoginWaitSeconds": guessing,
}

var guessing = []string{"bruteForceProtected"}

// checkMember changes each scalar of one member, and says how many there are.
func checkMember(t *testing.T, text []byte, member string) (checked int) {
	t.Helper()
	whole := digest(t, text)
	seen := map[string]bool{}
	all := scalars(t, text)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		at, warning := all[path], whole.names(path)
		if path != member && !strings.HasPrefix(path, member+".") && !strings.HasPrefix(path, member+"[") || warning != path && seen[warning] {
			continue // one place in what is kept whole stands for the others
		}
		checked++
		changed := digest(t, slices.Concat(text[:at.from], []byte(other(text[at.from:at.to])), text[at.to:]))
		switch {
		case changed.refused || changed.rows != whole.rows || derived.MatchString(path):
		case changed.kept == whole.kept && slices.Equal(changed.warnings, whole.warnings):
			t.Errorf("%s: got lost", path)
		case changed.kept == whole.kept: // not taken, as a warning says
		case at.says && warning == "" && !inert.MatchString(path):
			t.Errorf("%s: is kept, and no warning names it", path)
		default:
			seen[warning] = warning != ""
		}
	}
	return checked
}

// derived are members that repeat what another says: whether a role is
// composite, whose it is, where a group stands, and the default role, which is
// among the roles. Mappers are known by their names.
var derived = regexp.MustCompile(`^(roles|defaultRole)\..*(composite|clientRole|containerId)$|^defaultRole\.(id|description)$` +
	`|^groups\[.*(path|parentId|subGroupCount)$|^users\[\*\]\.totp$|protocolMappers\[\*\]\.(id|protocol|consentRequired)$`)

// inert ask for nothing; the last two are of SAML and of a client scope, whose
// protocol and name the warnings name.
var inert = regexp.MustCompile(`^keycloakVersion$|^requiredCredentials|KeyProvider\[\*\]\.(id|name)$` +
	`|^clientScopes.*\.config\.attribute\.name(format)?$|^scopeMappings\[\*\]\.roles`)

// read is what became of a file.
type read struct {
	refused    bool
	rows, kept string
	warnings   []string // path and reason
}

func digest(t *testing.T, text []byte) read {
	t.Helper()
	drafts, warnings, err := realmfile.Parse("r.json", text)
	if err != nil {
		return read{refused: true}
	}
	d := drafts[0]
	kept := []any{d.Realm.Kept}
	d.Realm.Kept = nil
	var secrets []string
	for i := range d.Clients {
		kept = append(kept, d.Clients[i].Kept)
		d.Clients[i].Kept = nil
		secrets = append(secrets, d.Clients[i].Secret)
	}
	for i := range d.Users {
		kept = append(kept, d.Users[i].Kept)
		d.Users[i].Kept = nil
	}
	for i := range d.Users { // not in the JSON form of a user
		secrets = append(secrets, fmt.Sprintf("%+v", d.Users[i].Password))
	}
	for i := range d.Keys { // a digest compares what is said, not where
		d.Keys[i].Place = ""
	}
	out := read{rows: jsonOf(t, d) + strings.Join(secrets, "\n"), kept: jsonOf(t, kept)}
	for _, w := range warnings {
		out.warnings = append(out.warnings, w.Path+": "+w.Reason)
	}
	return out
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// names is the path of the warning that names a path or what it is part of, ""
// when there is none.
func (r read) names(path string) string {
	for _, w := range r.warnings {
		name, _, _ := strings.Cut(w, ": ")
		if path == name || strings.HasPrefix(path, name+".") || strings.HasPrefix(path, name+"[") {
			return name
		}
	}
	return ""
}

// span is where a value stands in the text.
type span struct {
	from, to int
	says     bool
}

// other is a different value of the same kind.
func other(value []byte) string {
	switch text := string(value); {
	case text == "true", text == "false":
		return strconv.FormatBool(text == "false")
	case text == `"true"`, text == `"false"`:
		return strconv.Quote(other(value[1 : len(value)-1]))
	case text[0] == '"':
		return text[:len(text)-1] + `x"`
	default:
		return strconv.Itoa(len(text)) + text // another number of the same sign
	}
}

// scalars finds the scalars of a document by path, with [*] for list indices;
// where several have one path it takes the first that says something.
func scalars(t *testing.T, text []byte) map[string]span {
	t.Helper()
	out := map[string]span{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var value func(path string)
	value = func(path string) {
		token, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		open, nested := token.(json.Delim)
		if !nested {
			to := int(dec.InputOffset())
			from := to - len(fmt.Sprint(token))
			if raw, isText := token.(string); isText {
				from = quoted(t, text[:to], raw)
			}
			says := !slices.Contains([]string{"", "false", "0", "-1", "{}", "<nil>"}, fmt.Sprint(token))
			if have, ok := out[path]; !ok || says && !have.says {
				out[path] = span{from, to, says}
			}
			return
		}
		for dec.More() {
			if open == '[' {
				value(path + "[*]")
				continue
			}
			name, err := dec.Token()
			if err != nil {
				t.Fatal(err)
			}
			value(strings.TrimPrefix(path+"."+fmt.Sprint(name), "."))
		}
		if _, err := dec.Token(); err != nil {
			t.Fatal(err)
		}
	}
	value("")
	return out
}

// quoted is where the text that ends with the string s begins to write it.
func quoted(t *testing.T, text []byte, s string) int {
	t.Helper()
	for from := len(text) - 2; from >= 0; from-- {
		var back string
		if text[from] == '"' && json.Unmarshal(text[from:], &back) == nil && back == s {
			return from
		}
	}
	t.Fatalf("%q is not where it was read", s)
	return 0
}
