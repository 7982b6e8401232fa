package secret_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/secret"
)

// volume is n times USHER_TEST_SCALE.
func volume(t *testing.T, n int) int {
	t.Helper()
	text := os.Getenv("USHER_TEST_SCALE")
	if text == "" {
		return n
	}
	scale, err := strconv.ParseFloat(text, 64)
	if err != nil || scale <= 0 {
		t.Fatalf("USHER_TEST_SCALE=%q is not a positive number", text)
	}
	return max(1, int(float64(n)*scale))
}

// A18 (RFC 6749 section 10.10): of a million generated values, ten million at
// scale 10, no two begin with the same 64 bits, of which a generator with fewer
// bits would give some: two equal ones are expected once in tens of millions of
// such runs.
func TestA18_GeneratedValuesDoNotRepeat(t *testing.T) {
	t.Parallel()
	n := volume(t, 1_000_000)
	seen := make([]uint64, n)
	for i := range seen {
		seen[i] = binary.BigEndian.Uint64(secret.Token(20))
	}
	slices.Sort(seen)
	for i := 1; i < n; i++ {
		if seen[i] == seen[i-1] {
			t.Fatalf("%x twice in %d values", seen[i], n)
		}
	}
	ones := make([]int, 160)
	const some = 4000
	for range some {
		b := secret.Token(20)
		for i := range ones {
			ones[i] += int(b[i/8] >> (i % 8) & 1)
		}
	}
	for i, k := range ones {
		if k < some*2/5 || k > some*3/5 {
			t.Errorf("bit %d is 1 in %d of %d", i, k, some)
		}
	}
}

// J14 (ASVS 11.2.3, 11.4.2, 11.5.1): master keys have 256 bits, tags 256, sealed
// values a 256-bit cipher with a nonce of their own, and session and token ids
// 122 random bits, which name and do not open.
func TestJ14_SecurityFloors(t *testing.T) {
	t.Parallel()
	if key := secret.NewMasterKey(); len(key) != 32 {
		t.Errorf("a master key of %d bytes", len(key))
	}
	if tag := secret.Tag([]byte("key"), "x"); len(tag) != 32 {
		t.Errorf("a tag of %d bytes", len(tag))
	}
	sealer, err := secret.NewSealer(secret.NewMasterKey())
	if err != nil {
		t.Fatal(err)
	}
	a, b := sealer.Seal([]byte("plain"), "r", "i", "p"), sealer.Seal([]byte("plain"), "r", "i", "p")
	if string(a) == string(b) || len(a) != 1+12+len("plain")+16 {
		t.Errorf("sealed twice: %x, %x", a, b)
	}
	if id := secret.NewID(); len(id) != 36 || id[14] != '4' {
		t.Errorf("id %s", id)
	}
}

// K2 (OWASP Password Storage): each hash has 16 random bytes of salt of its own,
// and its parameters stand beside it.
func TestK2_SaltAndParametersStandWithTheHash(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 20 {
		s, c, err := light.Hash("the same password")
		if err != nil {
			t.Fatal(err)
		}
		salt := member(t, s, "salt")
		raw, err := base64.StdEncoding.DecodeString(salt)
		if err != nil || len(raw) != 16 || seen[salt] || seen[member(t, s, "value")] {
			t.Errorf("salt %s, %v", salt, err)
		}
		seen[salt], seen[member(t, s, "value")] = true, true
		for _, part := range []string{`"hashIterations":1`, `"memory":["64"]`, `"parallelism":["1"]`, `"type":["id"]`, `"version":["1.3"]`} {
			if !strings.Contains(c, part) {
				t.Errorf("%s lacks %s", c, part)
			}
		}
	}
}

func member(t *testing.T, object, name string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(object), &m); err != nil {
		t.Fatal(err)
	}
	s, _ := m[name].(string)
	return s
}

// N3 (NIST SP 800-63B-4 section 3.1.1.2): scheme, cost and a salt of at least 32
// bits are stored with each password: a hash made with other costs, or by
// another scheme, still verifies.
func TestN3_SchemeAndCostAreStoredWithEach(t *testing.T) {
	t.Parallel()
	for _, made := range []secret.Hasher{{Passes: 1, Memory: 64}, {Passes: 3, Memory: 64}, {Passes: 1, Memory: 128, Lanes: 2}} {
		s, c, err := made.Hash("password")
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := light.Verify(s, c, "password"); !ok || err != nil || len(member(t, s, "salt")) < 8 {
			t.Errorf("%+v: %v, %v", made, ok, err)
		}
	}
	for _, h := range storedHashes(t) {
		if kind := light.Kind(h.secret, h.credential); kind == "" || kind == light.DefaultKind() {
			t.Errorf("%s: kind %q", h.name, kind)
		}
	}
}
