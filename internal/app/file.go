package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// maxSmallFile bounds certificates, keys and settings.
const maxSmallFile = 1 << 20

// Why a file is not read.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLong    = errors.New("the file is too long")
)

// Opener opens a file as os.OpenFile and (*os.Root).OpenFile do.
type Opener func(name string, flag int, mode os.FileMode) (*os.File, error)

// OpenRegular opens a file for reading that is a regular one, or leads to one:
// another kind could keep the reader waiting, or never end. ErrNotRegular.
func OpenRegular(open Opener, path string) (*os.File, error) {
	f, err := open(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would wait for its writer
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// ReadSmallFile reads a regular file of at most 1 MiB, such as one of settings.
// ErrNotRegular, ErrTooLong.
func ReadSmallFile(path string) ([]byte, error) { return readFile(path, maxSmallFile) }

func readFile(path string, limit int64) ([]byte, error) {
	f, err := OpenRegular(os.OpenFile, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, path, limit)
}

// ReadSmall reads what is as small as such a file, e.g. standard input; name
// is for the error. ErrTooLong.
func ReadSmall(r io.Reader, name string) ([]byte, error) { return readAll(r, name, maxSmallFile) }

func readAll(r io.Reader, name string, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s: %w: more than %d bytes", name, ErrTooLong, limit)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}
