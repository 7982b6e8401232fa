package realmfile

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// document is the realm without users and VideoManagers.
func (x *Writer) document() (map[string]any, error) {
	r := &x.Realm
	doc := map[string]any{
		"id": r.ID, "realm": r.Name, "enabled": r.Enabled, "sslRequired": r.SSLRequired, "notBefore": r.NotBefore,
		"defaultSignatureAlgorithm": r.SignatureAlgorithm,
		"revokeRefreshToken":        r.RevokeRefreshToken, "refreshTokenMaxReuse": r.RefreshTokenMaxReuse,
		"loginWithEmailAllowed":       r.LoginWithEmail,
		"defaultDefaultClientScopes":  x.scopeList(r.DefaultScopes, r.Kept["defaultDefaultClientScopes"]),
		"defaultOptionalClientScopes": x.scopeList(r.OptionalScopes, r.Kept["defaultOptionalClientScopes"]),
		"roles":                       x.roles(),
		"groups":                      x.groups(),
		"defaultRole":                 x.defaultRole(),
		"clientScopes":                x.clientScopes(),
		"clients":                     x.clientList(),
	}
	text(doc, "displayName", r.DisplayName)
	text(doc, "passwordPolicy", r.PasswordPolicy)
	if attributes := RealmAttributes(r); len(attributes) > 0 {
		doc["attributes"] = attributes
	}
	exportLifetimes(doc, &r.Lifetimes)
	exportGuessing(doc, &r.Guessing)
	x.scopeMappings(doc)
	components, err := x.components()
	if err != nil {
		return nil, err
	}
	doc["components"] = components
	for name, raw := range topKept(r.Kept) {
		if _, ok := doc[name]; !ok {
			doc[name] = raw
		}
	}
	if _, ok := doc["keycloakVersion"]; !ok {
		doc["keycloakVersion"] = formatVersion
	}
	return doc, nil
}

// formatVersion is the Keycloak whose form an export has; Keycloak migrates
// what is older, or says nothing.
const formatVersion = "26.0.0"

func text(doc map[string]any, name, value string) {
	if value != "" {
		doc[name] = value
	}
}

// scopeList is a list of client scopes, with the names that stood there and
// stand for nothing.
func (x *Writer) scopeList(list []string, kept json.RawMessage) []string {
	out := append([]string{}, list...)
	var absent []string
	if json.Unmarshal(kept, &absent) != nil {
		return out
	}
	return append(out, without(absent, func(name string) bool { return slices.Contains(out, name) })...)
}

func exportLifetimes(doc map[string]any, l *iam.Lifetimes) {
	maps.Copy(doc, map[string]any{
		"accessTokenLifespan": l.AccessToken, "accessCodeLifespan": l.AccessCode,
		"ssoSessionIdleTimeout": l.SessionIdle, "ssoSessionMaxLifespan": l.SessionMax,
		"ssoSessionIdleTimeoutRememberMe": l.SessionIdleRememberMe, "ssoSessionMaxLifespanRememberMe": l.SessionMaxRememberMe,
		"offlineSessionIdleTimeout": l.OfflineIdle, "offlineSessionMaxLifespan": l.OfflineMax,
		"offlineSessionMaxLifespanEnabled": l.OfflineMaxEnabled,
		"clientSessionIdleTimeout":         l.ClientSessionIdle, "clientSessionMaxLifespan": l.ClientSessionMax,
	})
	if l.SessionMax == 0 { // an attribute says so; Keycloak reads the number
		doc["ssoSessionMaxLifespan"] = defaultSessionMax
	}
}

func exportGuessing(doc map[string]any, g *iam.GuessPolicy) {
	doc["bruteForceProtected"] = g.Keycloak
	if !g.Keycloak {
		return
	}
	maps.Copy(doc, map[string]any{
		"permanentLockout": g.PermanentLockout, "maxTemporaryLockouts": g.MaxTemporaryLockouts, "bruteForceStrategy": g.Strategy,
		"failureFactor": g.FailureFactor, "waitIncrementSeconds": g.WaitIncrement, "maxFailureWaitSeconds": g.MaxFailureWait,
		"maxDeltaTimeSeconds": g.MaxDeltaTime, "quickLoginCheckMilliSeconds": g.QuickLoginCheck,
		"minimumQuickLoginWaitSeconds": g.MinimumQuickLoginWait,
	})
}

// ownValues are what our own attributes would say of a realm.
func ownValues(r *iam.Realm) map[string]string {
	guessing := "usher"
	if r.Guessing.Off {
		guessing = "off"
	}
	return map[string]string{
		"usher.session.max.none":        strconv.FormatBool(r.Lifetimes.SessionMax == 0),
		"usher.rotation.window":         strconv.Itoa(r.RotationWindow),
		"usher.reject.ahead":            strconv.FormatBool(r.RejectAhead),
		"usher.guessing":                guessing,
		"usher.verified.password.cache": strconv.FormatBool(!r.NoVerifiedPasswordCache),
		"usher.token.type.capital":      strconv.FormatBool(r.TokenTypeCapital),
		"usher.wrong.password.400":      strconv.FormatBool(r.WrongPasswordIs400),
		"usher.session.state.claim":     strconv.FormatBool(!r.NoSessionStateClaim),
		"usher.video.audience":          strconv.FormatBool(!r.NoVideoAudience),
	}
}

// RealmAttributes are the attributes that an export of the realm has: of our own
// those that still say what holds, and those that must be there since it holds.
// A realm that no file brought has them nowhere else.
func RealmAttributes(r *iam.Realm) map[string]string {
	out := map[string]string{}
	ours := ownValues(r)
	usual := ownValues(&iam.Realm{RotationWindow: defaultRotationWindow, Lifetimes: iam.Lifetimes{SessionMax: defaultSessionMax}})
	for name, value := range r.Attributes {
		if !strings.HasPrefix(name, ownPrefix) || sameOwn(name, value, ours[name]) && !(name == "usher.guessing" && r.Guessing.Keycloak) {
			out[name] = value
		}
	}
	for name, value := range ours {
		if _, ok := out[name]; !ok && value != usual[name] {
			out[name] = value
		}
	}
	return out
}

// sameOwn compares two spellings of one of our attributes' values.
func sameOwn(name, a, b string) bool {
	x, errX := strconv.ParseBool(a)
	y, errY := strconv.ParseBool(b)
	if name != "usher.rotation.window" && errX == nil && errY == nil {
		return x == y
	}
	i, errI := strconv.Atoi(a)
	j, errJ := strconv.Atoi(b)
	return a == b || errI == nil && errJ == nil && i == j
}
