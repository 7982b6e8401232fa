package oauth_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

func basic(raw string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(raw)) }

func TestParseBasic(t *testing.T) {
	t.Parallel()
	malformed := oauth.Basic{Present: true, Malformed: true}
	for _, c := range []struct {
		header string
		want   oauth.Basic
	}{
		{"", oauth.Basic{}},
		{"Bearer abc", oauth.Basic{}},
		{"Basically abc", oauth.Basic{}},
		{basic("anonymous:"), oauth.Basic{ID: "anonymous", Present: true}},
		{strings.Replace(basic("a:b"), "Basic", "bAsIc", 1), oauth.Basic{ID: "a", Secret: "b", Present: true}},
		{basic("a%3Ab:c%2Bd+e"), oauth.Basic{ID: "a:b", Secret: "c+d e", Present: true}},
		{basic("a:100%"), oauth.Basic{ID: "a", Secret: "100%", Present: true}},
		{basic("a:b:c"), oauth.Basic{ID: "a", Secret: "b:c", Present: true}},
		{basic(":secret"), oauth.Basic{Secret: "secret", Present: true}},
		{basic("no colon"), malformed},
		{"Basic", malformed},
		{"Basic ", malformed},
		{"Basic !!!", malformed},
		{"Basic " + base64.RawStdEncoding.EncodeToString([]byte("abcd:")), malformed},
	} {
		if got := oauth.ParseBasic(c.header); got != c.want {
			t.Errorf("ParseBasic(%q) = %+v, want %+v", c.header, got, c.want)
		}
	}
}

func TestParseBearer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		header string
		want   oauth.Bearer
	}{
		{"", oauth.Bearer{}},
		{"Bearer", oauth.Bearer{}},
		{"Bearer ", oauth.Bearer{}},
		{"Basic abc", oauth.Bearer{}},
		{"bearer a.b-c_d", oauth.Bearer{Token: "a.b-c_d", Present: true}},
		{"BEARER  abc==", oauth.Bearer{Token: "abc==", Present: true}},
		{"Bearer a b", oauth.Bearer{Present: true, Malformed: true}},
		{"Bearer a\"b", oauth.Bearer{Present: true, Malformed: true}},
		{"Bearer ==", oauth.Bearer{Present: true, Malformed: true}},
		{"Bearer a,Bearer b", oauth.Bearer{Present: true, Malformed: true}},
	} {
		if got := oauth.ParseBearer(c.header); got != c.want {
			t.Errorf("ParseBearer(%q) = %+v, want %+v", c.header, got, c.want)
		}
	}
}

func FuzzParseBasic(f *testing.F) {
	for _, seed := range [][2]string{
		{"anonymous", ""}, {"a:b", "c d+e"}, {"", ""}, {"\x00", "\xff"}, {"a", "100%"}, {"ü", "\U0001F511"},
	} {
		f.Add(seed[0], seed[1], "Basic !!!")
	}
	f.Add("a", "b", basic("a%zz:b"))
	f.Add("a", "b", "basic\t"+strings.Repeat("A", 300))
	f.Fuzz(func(t *testing.T, id, secret, header string) {
		want := oauth.Basic{ID: id, Secret: secret, Present: true}
		if got := oauth.ParseBasic(basic(url.QueryEscape(id) + ":" + url.QueryEscape(secret))); got != want {
			t.Fatalf("%q, %q came back as %+v", id, secret, got)
		}
		b := oauth.ParseBasic(header)
		if (b.Malformed || !b.Present) && b.ID+b.Secret != "" {
			t.Fatalf("%q: credentials without a header: %+v", header, b)
		}
		if b.Present && oauth.ParseBearer(header).Present {
			t.Fatalf("%q is two schemes", header)
		}
		if bearer := oauth.ParseBearer(header); strings.ContainsAny(bearer.Token, " \t\r\n\",;\\\x00") {
			t.Fatalf("%q: token %q", header, bearer.Token)
		}
	})
}

func BenchmarkParseBearer(b *testing.B) {
	header := "Bearer " + strings.Repeat("abcDEF123-_.", 100)
	b.ReportAllocs()
	for b.Loop() {
		if !oauth.ParseBearer(header).Present {
			b.Fatal("not read")
		}
	}
}
