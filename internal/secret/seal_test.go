package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-a6a28e10/usher/internal/secret"
)

func TestNewID(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := secret.NewID()
		if !form.MatchString(id) {
			t.Fatalf("NewID() = %q, not a UUID of version 4", id)
		}
		if seen[id] {
			t.Fatalf("NewID() gave %q twice", id)
		}
		seen[id] = true
	}
}

func TestTokenAndString(t *testing.T) {
	t.Parallel()
	if a, b := secret.Token(32), secret.Token(32); len(a) != 32 || bytes.Equal(a, b) {
		t.Errorf("Token(32) gave %x and %x", a, b)
	}
	raw, err := base64.RawURLEncoding.DecodeString(secret.String(24))
	if err != nil || len(raw) != 24 {
		t.Errorf("String(24) holds %d bytes, %v", len(raw), err)
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"a", "", false}, {"secret", "secret ", false}} {
		if got := secret.Equal(c.a, c.b); got != c.want {
			t.Errorf("Equal(%q, %q) = %v", c.a, c.b, got)
		}
	}
}

func TestTagSeparatesParts(t *testing.T) {
	t.Parallel()
	key := []byte("key")
	if bytes.Equal(secret.Tag(key, "ab", "c"), secret.Tag(key, "a", "bc")) {
		t.Error("the boundary between parts does not count")
	}
	if bytes.Equal(secret.Tag(key, "a"), secret.Tag([]byte("other"), "a")) {
		t.Error("the key does not count")
	}
}

func TestParseMasterKey(t *testing.T) {
	t.Parallel()
	key := secret.NewMasterKey()
	for name, text := range map[string][]byte{
		"as written":    secret.FormatMasterKey(key),
		"base64url":     []byte(base64.URLEncoding.EncodeToString(key)),
		"no padding":    []byte(base64.RawStdEncoding.EncodeToString(key)),
		"hex":           []byte(hex.EncodeToString(key) + "\n"),
		"blanks around": []byte("\n  " + base64.StdEncoding.EncodeToString(key) + "\r\n\n"),
	} {
		got, err := secret.ParseMasterKey(text)
		if err != nil || !bytes.Equal(got, key) {
			t.Errorf("%s: %x, %v; want %x", name, got, err, key)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "short": "AAAA", "33 bytes": base64.StdEncoding.EncodeToString(make([]byte, 33)),
		"passphrase": "correct horse battery staple", "32 characters": "abcdefghijklmnopqrstuvwxyz !?#$%",
	} {
		if got, err := secret.ParseMasterKey([]byte(text)); err == nil {
			t.Errorf("%s: accepted as %x", name, got)
		}
	}
}

func newSealer(t rapid.TB, master []byte) *secret.Sealer {
	t.Helper()
	s, err := secret.NewSealer(master)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealOpensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	master := secret.NewMasterKey()
	s, other := newSealer(t, master), newSealer(t, secret.NewMasterKey())
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		at := [3]string{rapid.String().Draw(t, "realm"), rapid.String().Draw(t, "id"), rapid.String().Draw(t, "purpose")}
		sealed := s.Seal(plain, at[0], at[1], at[2])
		got, err := s.Open(sealed, at[0], at[1], at[2])
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("opened as %x, %v; want %x", got, err, plain)
		}
		if bytes.Equal(sealed, s.Seal(plain, at[0], at[1], at[2])) {
			t.Fatal("sealing twice gave the same bytes")
		}
		for i := range at {
			moved := at
			moved[i] += "x"
			if _, err := s.Open(sealed, moved[0], moved[1], moved[2]); !errors.Is(err, secret.ErrSealed) {
				t.Fatalf("opened in another place (part %d): %v", i, err)
			}
		}
		// The boundary between two parts is authenticated as well.
		if _, err := s.Open(sealed, at[0]+"a", at[1], at[2]); err == nil {
			t.Fatal("opened with a shifted boundary")
		}
		if _, err := other.Open(sealed, at[0], at[1], at[2]); !errors.Is(err, secret.ErrSealed) {
			t.Fatalf("opened with another master key: %v", err)
		}
		bit := rapid.IntRange(0, 8*len(sealed)-1).Draw(t, "bit")
		sealed[bit/8] ^= 1 << (bit % 8)
		if _, err := s.Open(sealed, at[0], at[1], at[2]); !errors.Is(err, secret.ErrSealed) {
			t.Fatalf("opened with bit %d flipped: %v", bit, err)
		}
	})
}

func TestOpenRefusesShortValues(t *testing.T) {
	t.Parallel()
	s := newSealer(t, secret.NewMasterKey())
	sealed := s.Seal(nil, "r", "i", "p")
	for n := range len(sealed) {
		if _, err := s.Open(sealed[:n], "r", "i", "p"); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("%d of %d bytes: %v", n, len(sealed), err)
		}
	}
}

func TestNewSealerRefusesOtherSizes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31, 33, 64} {
		if _, err := secret.NewSealer(make([]byte, n)); err == nil {
			t.Errorf("a master key of %d bytes was accepted", n)
		}
	}
}
