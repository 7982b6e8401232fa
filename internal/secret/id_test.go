package secret_test

import (
	"testing"

	"github.com/seed-a6a28e10/usher/internal/secret"
)

func TestUUID(t *testing.T) {
	t.Parallel()
	b := [16]byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0xf6, 0x77, 0xff, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	for version, want := range map[byte]string{
		4: "00112233-4455-4677-bf99-aabbccddeeff",
		8: "00112233-4455-8677-bf99-aabbccddeeff",
	} {
		if got := secret.UUID(b, version); got != want {
			t.Errorf("version %d: %s, want %s", version, got, want)
		}
	}
}
