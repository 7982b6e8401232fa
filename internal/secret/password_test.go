package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/seed-a6a28e10/usher/internal/secret"
)

// light keeps tests fast; the parameters are part of the stored form.
var light = secret.Hasher{Passes: 1, Memory: 64}

func TestHashVerifies(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"", "secret", "Grüße;%26+ 𝄞 ", strings.Repeat("x", 1024)} {
		s, c, err := light.Hash(password)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := light.Verify(s, c, password); !ok || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
		if ok, err := light.Verify(s, c, password+"x"); ok || err != nil {
			t.Errorf("%q with one more character: %v, %v", password, ok, err)
		}
	}
}

// K1 (OWASP Password Storage): a new hash is argon2id of 7 MiB, five passes and
// one lane, in the form in which Keycloak writes it; no setting makes it
// weaker.
func TestK1_NewHashesAreAtTheFloor(t *testing.T) {
	t.Parallel()
	salt := []byte("0123456789abcdef")
	h := secret.Hasher{Rand: bytes.NewReader(salt)}
	s, c, err := h.Hash("secret")
	if err != nil {
		t.Fatal(err)
	}
	wantC := `{"hashIterations":5,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["7168"],"parallelism":["1"],"type":["id"],"version":["1.3"]}}`
	if c != wantC {
		t.Errorf("credentialData\n got %s\nwant %s", c, wantC)
	}
	value := argon2.IDKey([]byte("secret"), salt, 5, 7168, 1, 32)
	wantS := `{"value":"` + base64.StdEncoding.EncodeToString(value) + `","salt":"` + base64.StdEncoding.EncodeToString(salt) + `","additionalParameters":{}}`
	if s != wantS {
		t.Errorf("secretData\n got %s\nwant %s", s, wantS)
	}
	if h.NeedsRehash(s, c) {
		t.Error("a fresh hash needs a rehash")
	}
	if got := h.Kind(s, c); got != h.DefaultKind() || got != "argon2id m=7168 t=5 p=1" {
		t.Errorf("kind %q, default %q", got, h.DefaultKind())
	}
}

func TestHashWithoutRandomness(t *testing.T) {
	t.Parallel()
	if _, _, err := (secret.Hasher{Rand: strings.NewReader("short")}).Hash("x"); err == nil {
		t.Error("a short salt was accepted")
	}
}

// storedHash is one stored hash of the password "password". The SHA-1 value is
// a vector of RFC 6070; the other PBKDF2 values were computed with Python's
// hashlib, an implementation that shares no code with ours.
type storedHash struct {
	name, secret, credential, password, kind string
}

func storedHashes(t *testing.T) []storedHash {
	t.Helper()
	crypted, err := bcrypt.GenerateFromPassword([]byte("password"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	argonI := base64.StdEncoding.EncodeToString(argon2.Key([]byte("password"), []byte("saltsalt"), 3, 64, 2, 32))
	return []storedHash{
		{"pbkdf2 (RFC 6070, 4096 iterations, 20 bytes)",
			data("SwB5AbdlSJq+rUnZJvch0GWkKcE=", "c2FsdA=="), flat("pbkdf2", 4096), "password", "pbkdf2 i=4096 n=20"},
		{"pbkdf2-sha256, 32 bytes",
			data("xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=", "c2FsdA=="), flat("pbkdf2-sha256", 4096), "password", "pbkdf2-sha256 i=4096 n=32"},
		{"pbkdf2-sha256, 64 bytes as old Keycloak wrote it",
			data("Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4XtNvzovPa0zdyZLt7joMw1O/HRRQYYX2r72g3NTYc3BjA==", "c2FsdA=="), flat("pbkdf2-sha256", 1), "password", "pbkdf2-sha256 i=1 n=64"},
		{"pbkdf2-sha512, 64 bytes",
			data("hn9wzxreAs/zdSWZo6U9xK80x6ZpgVrl1RNVThyM8lLALUcKKFoFAbrZmb/pQ8CPBQI119aLHaVeY/c7YKV/zg==", "c2FsdA=="), flat("pbkdf2-sha512", 1), "password", "pbkdf2-sha512 i=1 n=64"},
		{"bcrypt", data(string(crypted), ""), flat("bcrypt", -1), "password", "bcrypt c=4"},
		{"argon2i with two lanes", data(argonI, "c2FsdHNhbHQ="),
			`{"hashIterations":3,"algorithm":"argon2","algorithmData":{"hashLength":["32"],"memory":["64"],"type":["i"],"version":["1.3"],"parallelism":["2"]}}`,
			"password", "argon2i m=64 t=3 p=2"},
	}
}

func data(value, salt string) string {
	b, _ := json.Marshal(map[string]any{"value": value, "salt": salt, "additionalParameters": map[string]any{}})
	return string(b)
}

func flat(algorithm string, iterations int) string {
	b, _ := json.Marshal(map[string]any{"hashIterations": iterations, "algorithm": algorithm, "additionalParameters": nil})
	return string(b)
}

// K3 (OWASP Password Storage): imported hashes of pbkdf2 with SHA-1, SHA-256
// and SHA-512, of argon2 and of bcrypt verify, and each is marked for renewal.
func TestK3_StoredHashesOfOtherSystems(t *testing.T) {
	t.Parallel()
	for _, h := range storedHashes(t) {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			if ok, err := light.Verify(h.secret, h.credential, h.password); !ok || err != nil {
				t.Errorf("right password: %v, %v", ok, err)
			}
			if ok, err := light.Verify(h.secret, h.credential, h.password+" "); ok || err != nil {
				t.Errorf("wrong password: %v, %v", ok, err)
			}
			if !light.NeedsRehash(h.secret, h.credential) {
				t.Error("needs no rehash")
			}
			if got := light.Kind(h.secret, h.credential); got != h.kind {
				t.Errorf("kind %q, want %q", got, h.kind)
			}
		})
	}
}

// K6 (OWASP Password Storage): bcrypt reads 72 bytes; a longer password is
// never right because its beginning is.
func TestK6_BcryptNeverIgnoresTheRest(t *testing.T) {
	t.Parallel()
	first := strings.Repeat("a", 72)
	crypted, err := bcrypt.GenerateFromPassword([]byte(first), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s, c := data(string(crypted), ""), flat("bcrypt", 4)
	if ok, err := light.Verify(s, c, first); !ok || err != nil {
		t.Errorf("72 bytes: %v, %v", ok, err)
	}
	if ok, err := light.Verify(s, c, first+"b"); ok || err != nil {
		t.Errorf("73 bytes: %v, %v", ok, err)
	}
}

// K2 (OWASP Password Storage): a hash that is weaker than one made now is
// renewed at the next good login; a stronger one is kept.
func TestK2_WeakerHashesAreRenewedAndStrongerKept(t *testing.T) {
	t.Parallel()
	now := secret.Hasher{Passes: 2, Memory: 64}
	for name, tc := range map[string]struct {
		made secret.Hasher
		want bool
	}{
		"equal":                           {now, false},
		"more passes":                     {secret.Hasher{Passes: 3, Memory: 64}, false},
		"more memory, same work":          {secret.Hasher{Passes: 1, Memory: 128}, false},
		"fewer passes":                    {secret.Hasher{Passes: 1, Memory: 64}, true},
		"less memory, more passes":        {secret.Hasher{Passes: 8, Memory: 32}, true},
		"more memory, less work together": {secret.Hasher{Passes: 1, Memory: 100}, true},
	} {
		s, c, err := tc.made.Hash("x")
		if err != nil {
			t.Fatal(err)
		}
		if got := now.NeedsRehash(s, c); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestFlatPassword(t *testing.T) {
	t.Parallel()
	s, c := secret.FlatPassword("SwB5AbdlSJq+rUnZJvch0GWkKcE=", "c2FsdA==", 4096, "")
	if ok, err := light.Verify(s, c, "password"); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

// K4 (OWASP Password Storage): stored parameters are held to bounds before any
// work, so that a hostile row costs neither memory nor a hash slot for minutes.
func TestK4_HostileRowsCostNothing(t *testing.T) {
	t.Parallel()
	value, salt := base64.StdEncoding.EncodeToString(make([]byte, 32)), "c2FsdHNhbHQ="
	argon := func(t, m, p, typ, version string) string {
		return `{"hashIterations":` + t + `,"algorithm":"argon2","additionalParameters":{"memory":["` + m + `"],"parallelism":["` + p + `"],"type":["` + typ + `"],"version":["` + version + `"]}}`
	}
	for name, row := range map[string][2]string{
		"no JSON":                   {"{", "{}"},
		"no JSON beside":            {data(value, salt), "[]"},
		"no algorithm":              {data(value, salt), "{}"},
		"unknown algorithm":         {data(value, salt), flat("md5", 1)},
		"memory over 256 MiB":       {data(value, salt), argon("1", "262145", "1", "id", "1.3")},
		"memory 2^32":               {data(value, salt), argon("1", "4294967296", "1", "id", "1.3")},
		"memory 0":                  {data(value, salt), argon("1", "0", "1", "id", "1.3")},
		"memory negative":           {data(value, salt), argon("1", "-1", "1", "id", "1.3")},
		"memory times passes":       {data(value, salt), argon("3", "262144", "1", "id", "1.3")},
		"passes 31":                 {data(value, salt), argon("31", "64", "1", "id", "1.3")},
		"passes 0":                  {data(value, salt), argon("0", "64", "1", "id", "1.3")},
		"lanes 17":                  {data(value, salt), argon("1", "64", "17", "id", "1.3")},
		"lanes 256, 0 in a byte":    {data(value, salt), argon("1", "64", "256", "id", "1.3")},
		"argon2d":                   {data(value, salt), argon("1", "64", "1", "d", "1.3")},
		"version 1.0":               {data(value, salt), argon("1", "64", "1", "id", "1.0")},
		"pbkdf2 over 10 million":    {data(value, salt), flat("pbkdf2-sha256", 10_000_001)},
		"pbkdf2-sha1 too much":      {data(base64.StdEncoding.EncodeToString(make([]byte, 64)), salt), flat("pbkdf2", 1_300_001)},
		"pbkdf2-sha256 too much":    {data(value, salt), flat("pbkdf2-sha256", 2_400_001)},
		"pbkdf2-sha512 too much":    {data(value, salt), flat("pbkdf2-sha512", 2_000_001)},
		"bcrypt cost 15":            {data("$2a$15$"+strings.Repeat("a", 53), ""), flat("bcrypt", 15)},
		"pbkdf2 0":                  {data(value, salt), flat("pbkdf2-sha256", 0)},
		"pbkdf2 negative":           {data(value, salt), flat("pbkdf2-sha512", -1)},
		"pbkdf2 long output":        {data(base64.StdEncoding.EncodeToString(make([]byte, 512)), salt), flat("pbkdf2", 10_000_000)},
		"value too long":            {data(base64.StdEncoding.EncodeToString(make([]byte, 513)), salt), flat("pbkdf2-sha256", 1)},
		"value empty":               {data("", salt), flat("pbkdf2-sha256", 1)},
		"value not base64":          {data("???????????", salt), flat("pbkdf2-sha256", 1)},
		"salt too long":             {data(value, base64.StdEncoding.EncodeToString(make([]byte, 1025))), flat("pbkdf2-sha256", 1)},
		"bcrypt cost 31":            {data("$2a$31$"+strings.Repeat("a", 53), ""), flat("bcrypt", 31)},
		"bcrypt garbage":            {data("$2a$", ""), flat("bcrypt", 4)},
		"bcrypt of another length":  {data("$2a$04$"+strings.Repeat("a", 60), ""), flat("bcrypt", 4)},
		"secretData of a megabyte":  {data(strings.Repeat("A", 1<<20), salt), flat("pbkdf2-sha256", 1)},
		"parameter that is a table": {data(value, salt), `{"hashIterations":1,"algorithm":"argon2","additionalParameters":{"memory":{"a":1}}}`},
	} {
		ok, err := light.Verify(row[0], row[1], "password")
		if ok || !errors.Is(err, secret.ErrPasswordHash) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
		if err != nil && strings.Contains(err.Error(), value) {
			t.Errorf("%s: the error shows the stored value: %v", name, err)
		}
		if kind := light.Kind(row[0], row[1]); kind != "" {
			t.Errorf("%s: kind %q", name, kind)
		}
		if light.NeedsRehash(row[0], row[1]) {
			t.Errorf("%s: needs a rehash", name)
		}
		if secret.CheckPasswordHash(row[0], row[1]) == nil {
			t.Errorf("%s: passes the check", name)
		}
	}
}

// What is well made and merely too dear is told from what is broken, so that an
// import can leave it out; Keycloak's own settings, of all its releases, count
// as neither.
func TestCostlyHashesAreToldFromBrokenOnes(t *testing.T) {
	t.Parallel()
	value, long, salt := base64.StdEncoding.EncodeToString(make([]byte, 32)), base64.StdEncoding.EncodeToString(make([]byte, 64)), "c2FsdHNhbHQ="
	argon := func(t, m string) string {
		return `{"hashIterations":` + t + `,"algorithm":"argon2","additionalParameters":{"memory":["` + m + `"]}}`
	}
	for name, c := range map[string]struct {
		secretData, credentialData string
		costly, bad                bool
	}{
		"argon2, Keycloak's":          {data(value, salt), argon("5", "7168"), false, false},
		"argon2, 256 MiB twice":       {data(value, salt), argon("2", "262144"), false, false},
		"argon2, 256 MiB three times": {data(value, salt), argon("3", "262144"), true, true},
		"argon2, 31 passes":           {data(value, salt), argon("31", "8"), true, true},
		"argon2, no pass":             {data(value, salt), argon("0", "8"), false, true},
		"pbkdf2-sha1, Keycloak's":     {data(long, salt), flat("pbkdf2", 1_300_000), false, false},
		"pbkdf2-sha256, Keycloak's":   {data(long, salt), flat("pbkdf2-sha256", 600_000), false, false},
		"pbkdf2-sha512, Keycloak's":   {data(long, salt), flat("pbkdf2-sha512", 210_000), false, false},
		"pbkdf2-sha512, too much":     {data(long, salt), flat("pbkdf2-sha512", 10_000_001), true, true},
		"bcrypt 14":                   {data("$2a$14$"+strings.Repeat("a", 53), ""), flat("bcrypt", 14), false, false},
		"bcrypt 15":                   {data("$2a$15$"+strings.Repeat("a", 53), ""), flat("bcrypt", 15), true, true},
	} {
		err := secret.CheckPasswordHash(c.secretData, c.credentialData)
		if errors.Is(err, secret.ErrPasswordCost) != c.costly || errors.Is(err, secret.ErrPasswordHash) != c.bad {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzPasswordRow(f *testing.F) {
	s, c, err := light.Hash("x")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s, c)
	f.Add(data("SwB5AbdlSJq+rUnZJvch0GWkKcE=", "c2FsdA=="), flat("pbkdf2", 1))
	f.Add(data("$2a$04$"+strings.Repeat("a", 53), ""), flat("bcrypt", 4))
	f.Add(`{"value":null,"salt":null}`, `{"algorithm":"argon2","hashIterations":1,"additionalParameters":{"memory":8}}`)
	f.Fuzz(func(t *testing.T, s, c string) {
		// Only the parser: a row may rightly ask for seconds of work.
		kind, err := light.Kind(s, c), secret.CheckPasswordHash(s, c)
		if (kind == "") != (err != nil) {
			t.Errorf("kind %q, error %v", kind, err)
		}
		if err == nil && !bounded(kind) {
			t.Errorf("a hash of kind %q costs too much", kind)
		}
	})
}

// bounded says that a kind's cost is one that a login may have.
func bounded(kind string) bool {
	var variant string
	var memory, passes, lanes, iterations, size, cost int64
	if n, _ := fmt.Sscanf(kind, "argon2%s m=%d t=%d p=%d", &variant, &memory, &passes, &lanes); n == 4 {
		return memory <= 256<<10 && passes <= 30 && lanes <= 16 && memory*passes <= 512<<10 && memory > 0 && passes > 0 && lanes > 0
	}
	if n, _ := fmt.Sscanf(kind, "bcrypt c=%d", &cost); n == 1 {
		return cost <= 14
	}
	name, rest, _ := strings.Cut(kind, " ")
	n, _ := fmt.Sscanf(rest, "i=%d n=%d", &iterations, &size)
	return n == 2 && strings.HasPrefix(name, "pbkdf2") && iterations > 0 && iterations <= 10_000_000 && size <= 512 && iterations*((size+63)/64) <= 5_200_000
}

func BenchmarkVerify(b *testing.B) {
	h := secret.Hasher{}
	s, c, err := h.Hash("password")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := h.Verify(s, c, "password"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
