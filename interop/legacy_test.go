package interop

import (
	"bytes"
	"encoding/json"
	"strconv"
	"testing"
)

// legacyAnswer is the JSON login's answer.
type legacyAnswer struct {
	AccessToken          string `json:"accessToken"`
	RefreshToken         string `json:"refreshToken"`
	VideoManagerList     []vm   `json:"videoManagerList"`
	ValidForVideoManager int64  `json:"validForVideoManager"`
}

func legacyTokens(t *testing.T, r response) legacyAnswer {
	t.Helper()
	var a legacyAnswer
	var members map[string]json.RawMessage
	if err := json.Unmarshal(r.body, &a); r.status != 200 || err != nil {
		t.Fatalf("no legacy answer: %d %s", r.status, r.body)
	}
	if err := json.Unmarshal(r.body, &members); err != nil || members["message"] != nil {
		t.Errorf("clients take a message for a failure: %s", r.body)
	}
	if len(a.VideoManagerList) != len(viewersVMs) {
		t.Errorf("videoManagerList: %s", r.body)
	}
	if viewersVMs[a.ValidForVideoManager] == "" {
		t.Errorf("validForVideoManager is %d", a.ValidForVideoManager)
	}
	if r.header.Get("Deprecation") == "" {
		t.Error("no Deprecation header on the legacy login")
	}
	return a
}

func loginBody(t *testing.T, p person) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"username": p.name, "password": p.password})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestLoadScript is a load script's client: a double slash in the path, JSON
// both ways, then the list and the refresh for the VideoManager it was given.
func TestLoadScript(t *testing.T) {
	t.Parallel()
	s := lab.paced
	s.explain(t)
	asJSON := []string{"-H", "Accept: application/json", "-H", "Content-Type: application/json"}
	a := legacyTokens(t, curl(t, append(asJSON, "-d", loginBody(t, library), s.API+"/vms//auth/login")...))
	isViewersList(t, curl(t, append(asJSON, "-H", "Authorization: Bearer "+a.AccessToken, s.API+"/vms")...).body)

	waitPast(t, a.AccessToken)
	if r := curl(t, append(asJSON, "-H", "Authorization: Bearer "+a.AccessToken, s.API+"/vms")...); r.status != 401 {
		t.Errorf("an expired access token got %d", r.status)
	}
	body, err := json.Marshal(map[string]string{"refreshToken": a.RefreshToken})
	if err != nil {
		t.Fatal(err)
	}
	other := a.VideoManagerList[len(a.VideoManagerList)-1].ID
	b := legacyTokens(t, curl(t, append(asJSON, "-d", string(body), s.API+"/vms/auth/refresh/"+strconv.FormatInt(other, 10))...))
	if b.ValidForVideoManager != other {
		t.Errorf("the refresh for %d is valid for %d", other, b.ValidForVideoManager)
	}
	isViewersList(t, curl(t, append(asJSON, "-H", "Authorization: Bearer "+b.AccessToken, s.API+"/vms")...).body)
	if claim(t, a.AccessToken, "session_state") != claim(t, b.AccessToken, "session_state") {
		t.Error("the legacy refresh opened another session")
	}
}

// TestLearningPlatform is the client of a learning platform: an empty Bearer
// token on the login itself, and before each listing a probe whose answer it
// judges by the title of an HTML error page.
func TestLearningPlatform(t *testing.T) {
	t.Parallel()
	s := lab.paced
	s.explain(t)
	header := []string{"-H", "Accept: */*", "-H", "Content-Type: application/json"}
	login := append(header, "-H", "Authorization: Bearer ", "-d", loginBody(t, library), s.API+"/vms/auth/login")
	a := legacyTokens(t, curl(t, login...))
	probe := append(header, "-H", "Authorization: Bearer "+a.AccessToken, s.API+"/vms/?")
	isViewersList(t, curl(t, probe...).body)

	waitPast(t, a.AccessToken)
	r := curl(t, probe...)
	if r.status != 401 || !bytes.Contains(r.body, []byte("<title>Error</title>")) {
		t.Errorf("the probe with an expired token: %d %s", r.status, r.body)
	}
	legacyTokens(t, curl(t, login...))

	r = curl(t, append(header, "-H", "Authorization: Bearer ", "-d", loginBody(t, person{library.name, "wrong"}), s.API+"/vms/auth/login")...)
	var failed map[string]any
	if err := json.Unmarshal(r.body, &failed); err != nil || r.status != 401 || failed["message"] == nil {
		t.Errorf("a failed legacy login: %d %s", r.status, r.body)
	}
}

// TestSingleQuotes posts a body as the old page printed it.
func TestSingleQuotes(t *testing.T) {
	t.Parallel()
	s := lab.standard
	s.explain(t)
	legacyTokens(t, curl(t, "-H", "Content-Type: application/json",
		"-d", "{ 'username': '"+viewer.name+"', 'password': '"+viewer.password+"' }", s.API+"/vms/auth/login"))
}
