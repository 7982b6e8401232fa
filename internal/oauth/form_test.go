package oauth_test

import (
	"errors"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// The documentation's two requests, blanks and line breaks as printed there.
const (
	printedLogin   = "client_id=anonymous& grant_type=password& response_type=token& scope=openid& username=ann& password=pw"
	printedRefresh = "\n    grant_type=refresh_token&\n    client_id=anonymous&\n    refresh_token=a.b.c\n"
)

func TestParseForm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want map[string]string
	}{
		"documented login":            {printedLogin, map[string]string{"grant_type": "password", "username": "ann", "password": "pw", "scope": "openid"}},
		"documented refresh":          {printedRefresh, map[string]string{"grant_type": "refresh_token", "client_id": "anonymous", "refresh_token": "a.b.c\n"}},
		"carriage return and tab":     {"\r\n\tgrant_type=password", map[string]string{"grant_type": "password"}},
		"encoded blank before a name": {"%20grant_type=x&+scope=y", map[string]string{"grant_type": "x", "scope": "y"}},
		"blanks in values stay":       {"password=  pw  &username=+ann%20", map[string]string{"password": "  pw  ", "username": " ann "}},
		"other blanks stay in names":  {"\u00a0a=1&\va=2", map[string]string{"\u00a0a": "1", "\va": "2", "a": ""}},
		"semicolon is data":           {"password=a;b=c;&x=1", map[string]string{"password": "a;b=c;", "x": "1"}},
		"plus and escapes, once":      {"password=a+b%2Bc%2526%26d", map[string]string{"password": "a b+c%26&d"}},
		"four-byte character":         {"password=%F0%9F%94%91\U0001F511", map[string]string{"password": "\U0001F511\U0001F511"}},
		"zero byte, broken UTF-8":     {"password=%00%FF\xfe", map[string]string{"password": "\x00\xff\xfe"}},
		"equals sign in a value":      {"token=a==&b", map[string]string{"token": "a==", "b": ""}},
		"empty pairs":                 {"&&a=1&&", map[string]string{"a": "1"}},
		"line break at the end":       {"a=1&\n", map[string]string{"a": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := oauth.ParseForm([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range c.want {
				if got := f.Get(k); got != v {
					t.Errorf("Get(%q) = %q, want %q", k, got, v)
				}
			}
		})
	}
}

func TestParseFormRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body  string
		fault oauth.Fault
		arg   string
	}{
		{"password=100%", oauth.BadForm, "password"},
		{"password=100%z1", oauth.BadForm, "password"},
		{"a=1& password=%4", oauth.BadForm, "password"},
		{" na%me=x", oauth.BadForm, "na%me"},
		{strings.Repeat("a=1&", 101), oauth.TooManyParameters, ""},
	} {
		_, err := oauth.ParseForm([]byte(c.body))
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Fault != c.fault || refused.Arg != c.arg {
			t.Errorf("ParseForm(%.20q) = %v, want %s of %q", c.body, err, c.fault, c.arg)
		}
	}
	if _, err := oauth.ParseForm([]byte(strings.Repeat("a=1&&&&", 100))); err != nil {
		t.Errorf("100 parameters: %v", err)
	}
}

func TestFormTellsWhatWasSent(t *testing.T) {
	t.Parallel()
	f, err := oauth.ParseForm([]byte("a=1&b=&\n a=2& c=333&b=4"))
	if err != nil {
		t.Fatal(err)
	}
	if name, ok := f.Duplicate(); !ok || name != "a" {
		t.Errorf("Duplicate() = %q, %v", name, ok)
	}
	if got := f.Padded(); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("Padded() = %q", got)
	}
	if !f.Has("b") || f.Get("b") != "" || f.Has("d") || f.Len() != 5 {
		t.Errorf("Has(b) %v, Get(b) %q, Has(d) %v, Len %d", f.Has("b"), f.Get("b"), f.Has("d"), f.Len())
	}
	if name, n := f.Longest(); name != "c" || n != 3 {
		t.Errorf("Longest() = %q, %d", name, n)
	}
	if _, ok := oauth.NewForm("a", "1", "b", "").Duplicate(); ok || oauth.NewForm("a", "1", "b", "").Has("b") {
		t.Error("NewForm kept an empty value")
	}
}

// hostileForms are the largest bodies that get as far as the parser.
func hostileForms() map[string][]byte {
	const size = 64 << 10
	return map[string][]byte{
		"one value":       []byte("a=" + strings.Repeat("x", size-2)),
		"escapes":         []byte("a=" + strings.Repeat("%41", size/3-1)),
		"escaped names":   []byte(strings.Repeat(strings.Repeat("%41", 200)+"=%42&", 100)),
		"only ampersands": []byte(strings.Repeat("&", size)),
		"100 long names":  []byte(strings.Repeat(strings.Repeat("n", 650)+"&", 100)),
		"many pairs":      []byte(strings.Repeat("a&", size/2)),
	}
}

// TestParseFormAllocatesLittle is not parallel: it reads the process's counter
// of allocated bytes.
func TestParseFormAllocatesLittle(t *testing.T) {
	const runs = 8
	for name, body := range hostileForms() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			_, _ = oauth.ParseForm(body)
		}
		runtime.ReadMemStats(&after)
		got := (after.TotalAlloc - before.TotalAlloc) / runs
		if limit := uint64(4*len(body) + 64<<10); got > limit {
			t.Errorf("%s: %d bytes for %d, want at most %d", name, got, len(body), limit)
		}
	}
}

func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{
		"", "&", "=", "a", "a=", "=b", "a=b&a=c", "a;b=c", "%", "%zz=1", "a=%f0%9f%94%91", "+=+",
		printedLogin, printedRefresh, "a=\x00&\r\nb=\xff", strings.Repeat("a=1&", 101), strings.Repeat("%26", 50),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		form, err := oauth.ParseForm(body)
		if err != nil {
			var refused *oauth.Error
			if !errors.As(err, &refused) {
				t.Fatalf("error of another kind: %v", err)
			}
			if refused.Fault == oauth.BadForm {
				if _, err := url.ParseQuery(strings.ReplaceAll(string(body), ";", "%3B")); err == nil {
					t.Fatalf("refused %q, which the standard library takes", body)
				}
			}
			return
		}
		agreesWithLibrary(t, body, form)
	})
}

// agreesWithLibrary compares with net/url, whose two differences are bridged:
// it refuses ";" and keeps blanks before names.
func agreesWithLibrary(t *testing.T, body []byte, form *oauth.Form) {
	t.Helper()
	want, err := url.ParseQuery(strings.ReplaceAll(string(body), ";", "%3B"))
	if err != nil {
		t.Fatalf("took %q, which the standard library refuses: %v", body, err)
	}
	values, repeated := map[string][]string{}, false
	for name, v := range want {
		name = strings.TrimLeft(name, " \t\r\n")
		values[name] = append(values[name], v...)
	}
	for name, all := range values {
		if name != "" && len(all) > 1 {
			repeated = true
		}
		if name != "" && (!form.Has(name) || !slices.Contains(all, form.Get(name))) {
			t.Fatalf("%q: %q is %q, the library has %q", body, name, form.Get(name), all)
		}
	}
	if _, got := form.Duplicate(); got != repeated && len(values[""]) < 2 {
		t.Fatalf("%q: Duplicate() = %v, want %v", body, got, repeated)
	}
}

func BenchmarkParseForm(b *testing.B) {
	body := []byte("grant_type=refresh_token&client_id=anonymous&refresh_token=" + strings.Repeat("x", 700))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := oauth.ParseForm(body); err != nil {
			b.Fatal(err)
		}
	}
}
