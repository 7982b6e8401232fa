package argon2

import (
	"bytes"
	"testing"

	original "golang.org/x/crypto/argon2"
	"pgregory.net/rapid"
)

// TestAsTheOriginal hashes random inputs one after the other over the same
// memory, and compares with the library.
func TestAsTheOriginal(t *testing.T) {
	t.Parallel()
	var kept Blocks
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.SliceOf(rapid.Byte()).Draw(t, "password")
		salt := rapid.SliceOfN(rapid.Byte(), 8, 32).Draw(t, "salt")
		passes := rapid.Uint32Range(1, 4).Draw(t, "passes")
		memory := rapid.Uint32Range(8, 256).Draw(t, "memory")
		lanes := rapid.Uint8Range(1, 4).Draw(t, "lanes")
		size := rapid.Uint32Range(4, 100).Draw(t, "size")
		for name, pair := range map[string][2][]byte{
			"id": {kept.IDKey(password, salt, passes, memory, lanes, size), original.IDKey(password, salt, passes, memory, lanes, size)},
			"i":  {kept.Key(password, salt, passes, memory, lanes, size), original.Key(password, salt, passes, memory, lanes, size)},
		} {
			if !bytes.Equal(pair[0], pair[1]) {
				t.Fatalf("argon2%s: %x, want %x", name, pair[0], pair[1])
			}
		}
	})
}

func BenchmarkIDKey(b *testing.B) {
	password, salt := []byte("a password of some length"), make([]byte, 16)
	b.Run("kept", func(b *testing.B) {
		b.ReportAllocs()
		var kept Blocks
		for b.Loop() {
			kept.IDKey(password, salt, 5, 7168, 1, 32)
		}
	})
	b.Run("original", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			original.IDKey(password, salt, 5, 7168, 1, 32)
		}
	})
}

// TestPlainBlocksAsAssembly compares the portable block function with the one
// this machine uses.
func TestPlainBlocksAsAssembly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fill := func(name string) (b block) {
			for i, v := range rapid.SliceOfN(rapid.Uint64(), blockLength, blockLength).Draw(t, name) {
				b[i] = v
			}
			return b
		}
		a, b, was := fill("a"), fill("b"), fill("was")
		got, want := was, was
		processBlock(&got, &a, &b)
		processBlockGeneric(&want, &a, &b, false)
		if got != want {
			t.Fatal("processBlock differs")
		}
		got, want = was, was
		processBlockXOR(&got, &a, &b)
		processBlockGeneric(&want, &a, &b, true)
		if got != want {
			t.Fatal("processBlockXOR differs")
		}
	})
}
