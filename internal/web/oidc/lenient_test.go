package oidc

import (
	"encoding/json"
	"testing"
)

func TestDoubleQuoted(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{'username':'ann'}`:       `{"username":"ann"}`,
		`{'password':'a"b'}`:       `{"password":"a\"b"}`,
		`{'password':'a\'b'}`:      `{"password":"a'b"}`,
		`{'password':'a\\'}`:       `{"password":"a\\"}`,
		`{"password":"it's"}`:      `{"password":"it's"}`,
		`{'a':"it's \" x",'b':''}`: `{"a":"it's \" x","b":""}`,
		`{'a':'\u00e4'}`:           `{"a":"\u00e4"}`,
	} {
		if got := string(doubleQuoted([]byte(in))); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

func FuzzDoubleQuoted(f *testing.F) {
	for _, seed := range []string{`{'a':'b'}`, `{'a':'\'`, `'`, `"'`, `{'a':'b'c'}`, `\`, `{"a":"'"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		out := doubleQuoted(text)
		if len(out) > 2*len(text) {
			t.Fatalf("%q grew to %q", text, out)
		}
		if json.Valid(text) && string(out) != string(text) {
			t.Fatalf("JSON %q became %q", text, out)
		}
	})
}
