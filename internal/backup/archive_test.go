package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample(db []byte) Manifest {
	sum := sha256.Sum256(db)
	return Manifest{
		Version: "0.1.0", MadeAt: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
		Size: int64(len(db)), SHA256: hex.EncodeToString(sum[:]), Realms: []string{"platform"}, Users: 3, Sessions: 2,
	}
}

func archive(t *testing.T, db, key []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, sample(db), bytes.NewReader(db), key); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	t.Parallel()
	db := bytes.Repeat([]byte("page"), 5000)
	for name, key := range map[string][]byte{"without the key": nil, "with the key": []byte("sealed")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			m, k, err := Read(bytes.NewReader(archive(t, db, key)), &got)
			if err != nil {
				t.Fatal(err)
			}
			want := sample(db)
			want.Format, want.WithKey = Format, key != nil
			if diff := cmp.Diff(want, m); diff != "" {
				t.Errorf("manifest (-want +got):\n%s", diff)
			}
			if !bytes.Equal(got.Bytes(), db) || !bytes.Equal(k, key) {
				t.Error("what was read is not what was written")
			}
		})
	}
}

// TestEveryCutIsNoticed cuts an archive at every length that leaves out
// something of it. What follows the last member is padding.
func TestEveryCutIsNoticed(t *testing.T) {
	t.Parallel()
	whole := archive(t, bytes.Repeat([]byte("page"), 500), []byte("sealed"))
	last := bytes.LastIndex(whole, []byte("sealed")) + len("sealed")
	for n := range last {
		if _, _, err := Read(bytes.NewReader(whole[:n]), io.Discard); !errors.Is(err, ErrArchive) {
			t.Fatalf("cut after %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func TestEveryChangeOfTheDatabaseIsNoticed(t *testing.T) {
	t.Parallel()
	db := bytes.Repeat([]byte("page"), 200)
	whole := archive(t, db, nil)
	from := bytes.Index(whole, db)
	for i := range db {
		changed := bytes.Clone(whole)
		changed[from+i] ^= 0x20
		if _, _, err := Read(bytes.NewReader(changed), io.Discard); !errors.Is(err, ErrArchive) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
}

func TestForeignAndNewerFilesAreRefused(t *testing.T) {
	t.Parallel()
	if _, _, err := Read(bytes.NewReader([]byte("SQLite format 3\x00")), io.Discard); !errors.Is(err, ErrArchive) {
		t.Errorf("a database that is no archive: %v", err)
	}
	newer := bytes.Replace(archive(t, []byte("db"), nil), []byte(`"format": 1`), []byte(`"format": 9`), 1)
	if _, _, err := Read(bytes.NewReader(newer), io.Discard); !errors.Is(err, ErrNewer) {
		t.Errorf("an archive of a later release: %v", err)
	}
}

func TestOnlyThePassphraseOpensTheKey(t *testing.T) {
	t.Parallel()
	sealed, err := SealKey([]byte("a master key"), "correct horse battery", 2)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("a master key")) {
		t.Error("the key is there to read")
	}
	got, err := OpenKey(sealed, "correct horse battery")
	if err != nil || string(got) != "a master key" {
		t.Errorf("opened %q, %v", got, err)
	}
	if _, err := OpenKey(sealed, "correct horse batterY"); !errors.Is(err, ErrPassphrase) {
		t.Errorf("another passphrase: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	var out bytes.Buffer
	db := []byte("a small database")
	if err := Write(&out, sample(db), bytes.NewReader(db), []byte("sealed")); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add([]byte("SQLite format 3\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got bytes.Buffer
		m, _, err := Read(bytes.NewReader(b), &got)
		if err != nil {
			return
		}
		sum := sha256.Sum256(got.Bytes())
		if hex.EncodeToString(sum[:]) != m.SHA256 || int64(got.Len()) != m.Size {
			t.Error("a database was taken that the manifest does not name")
		}
	})
}
