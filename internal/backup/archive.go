package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Format is the version of the archive that this release writes, and the
// newest it reads.
const Format = 1

// The members of an archive, in their order. The key is there or not.
const (
	manifestName = "manifest.json"
	databaseName = "usher.db"
	keyName      = "master.key.age"
)

// What is wrong with an archive.
var (
	// ErrArchive: it is no archive of ours, or it was cut or changed.
	ErrArchive = errors.New("not a whole backup")
	// ErrNewer: a later release made it.
	ErrNewer = errors.New("the backup was made by a later release")
)

// maxManifest and maxKey bound what is read into memory.
const (
	maxManifest = 1 << 20
	maxKey      = 64 << 10
)

// Manifest says what an archive holds. It is its first member, as JSON.
type Manifest struct {
	Format  int       `json:"format"`
	Version string    `json:"usher_version"` // of the release that made it
	MadeAt  time.Time `json:"made_at"`       // of the database's one moment
	Size    int64     `json:"database_bytes"`
	SHA256  string    `json:"database_sha256"` // hexadecimal
	WithKey bool      `json:"with_master_key"`
	Realms  []string  `json:"realms"`
	Users   int64     `json:"users"`
	// Sessions counts user sessions, which a restore ends unless asked otherwise.
	Sessions int64 `json:"user_sessions"`
}

// Write makes an archive of the database that db gives, whose size and sum m
// states, and of the encrypted key, if there is one.
func Write(w io.Writer, m Manifest, db io.Reader, key []byte) error {
	m.Format, m.WithKey = Format, key != nil
	head, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	t := tar.NewWriter(w)
	member := func(name string, size int64, content io.Reader) error {
		err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: m.MadeAt, Format: tar.FormatPAX})
		if err == nil {
			_, err = io.Copy(t, content)
		}
		if err != nil {
			return fmt.Errorf("backup: writing %s: %w", name, err)
		}
		return nil
	}
	if err := member(manifestName, int64(len(head)), bytes.NewReader(head)); err != nil {
		return err
	}
	if err := member(databaseName, m.Size, db); err != nil {
		return err
	}
	if key != nil {
		if err := member(keyName, int64(len(key)), bytes.NewReader(key)); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

// Read takes an archive apart: the database goes to db, which may be
// io.Discard, and the encrypted key, nil where there is none, is returned. The
// database's bytes are compared with the manifest's sum: on any error what was
// written to db is to be thrown away.
func Read(r io.Reader, db io.Writer) (m Manifest, key []byte, err error) {
	t := tar.NewReader(r)
	if m, err = readManifest(t); err != nil {
		return m, nil, err
	}
	h, err := next(t, databaseName)
	if err != nil {
		return m, nil, err
	}
	if h.Size != m.Size {
		return m, nil, fmt.Errorf("%w: the database has %d bytes, the manifest says %d", ErrArchive, h.Size, m.Size)
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(db, sum), t); err != nil {
		return m, nil, readError(err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != m.SHA256 {
		return m, nil, fmt.Errorf("%w: the database's bytes are not those the manifest names", ErrArchive)
	}
	if m.WithKey {
		if _, err := next(t, keyName); err != nil {
			return m, nil, err
		}
		if key, err = io.ReadAll(io.LimitReader(t, maxKey)); err != nil {
			return m, nil, readError(err)
		}
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return m, nil, fmt.Errorf("%w: more in it than a backup has", ErrArchive)
	}
	return m, key, nil
}

// ReadManifest reads the beginning of an archive.
func ReadManifest(r io.Reader) (Manifest, error) { return readManifest(tar.NewReader(r)) }

func readManifest(t *tar.Reader) (m Manifest, err error) {
	if _, err := next(t, manifestName); err != nil {
		return m, err
	}
	head, err := io.ReadAll(io.LimitReader(t, maxManifest))
	if err != nil {
		return m, readError(err)
	}
	if err := json.Unmarshal(head, &m); err != nil {
		return m, fmt.Errorf("%w: its manifest: %w", ErrArchive, err)
	}
	if m.Format > Format {
		return m, fmt.Errorf("%w (%s)", ErrNewer, m.Version)
	}
	if m.Format < 1 {
		return m, fmt.Errorf("%w: its manifest names no format", ErrArchive)
	}
	return m, nil
}

// next goes to the member that must come now.
func next(t *tar.Reader, name string) (*tar.Header, error) {
	h, err := t.Next()
	if err != nil {
		return nil, readError(err)
	}
	if h.Name != name || h.Typeflag != tar.TypeReg {
		return nil, fmt.Errorf("%w: %q where %s should be", ErrArchive, h.Name, name)
	}
	return h, nil
}

// readError tells a cut or foreign archive from a disk that cannot be read.
func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) {
		return fmt.Errorf("%w: %w", ErrArchive, err)
	}
	return fmt.Errorf("backup: %w", err)
}
