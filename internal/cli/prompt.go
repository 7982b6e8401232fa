package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Why no answer came.
var (
	// ErrNoTerminal: there is nobody to ask.
	ErrNoTerminal = errors.New("there is no terminal to ask on")
	// ErrMismatch: the two passwords typed were not the same.
	ErrMismatch = errors.New("the two passwords differ")
	// ErrEmpty: nothing was given.
	ErrEmpty = errors.New("the password is empty")
	// ErrLong: more than maxPassword bytes on standard input.
	ErrLong = errors.New("the password is longer than 4096 bytes")
)

const maxPassword = 4096

// IsTerminal says whether a stream is one; what is no file is none.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Prompter asks a person. It reads In and writes what it asks to Out.
type Prompter struct {
	In  io.Reader
	Out io.Writer
	// Never asks nobody, even on a terminal.
	Never bool
}

// Can says whether there is somebody to ask.
func (p *Prompter) Can() bool { return !p.Never && IsTerminal(p.In) }

// Password asks without an echo, which is off before the question stands there.
// The terminal's state is restored whatever ends the wait. The error is io.EOF
// for ^D; for ^C, or when ctx ends, it wraps context.Canceled.
func (p *Prompter) Password(ctx context.Context, label string) (string, error) {
	if !p.Can() {
		return "", ErrNoTerminal
	}
	fd := int(p.In.(*os.File).Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	k := &keys{from: p.In}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{k, p.Out}, "")
	line, err := await(ctx, func() ([]byte, error) {
		line, err := t.ReadPassword(label + ": ")
		if k.interrupted {
			err = context.Canceled
		}
		return []byte(line), err
	})
	restored := term.Restore(fd, state)
	if err != nil {
		fmt.Fprintln(p.Out)
		return "", errors.Join(err, restored)
	}
	return string(line), restored
}

// keys reads one byte at a time, so that what was typed ahead is there for the
// next question, and notes ^C, which is only a byte while the echo is off.
type keys struct {
	from        io.Reader
	interrupted bool
}

func (k *keys) Read(into []byte) (int, error) {
	n, err := k.from.Read(into[:min(1, len(into))])
	k.interrupted = k.interrupted || n == 1 && into[0] == 0x03
	return n, err
}

// NewPassword asks twice. ErrEmpty and ErrMismatch are the person's mistakes.
func (p *Prompter) NewPassword(ctx context.Context, label string, accept func(password string) error) (string, error) {
	first, err := p.Password(ctx, label)
	if err != nil {
		return "", err
	}
	if first == "" {
		return "", ErrEmpty
	}
	if err := accept(first); err != nil {
		return "", err
	}
	second, err := p.Password(ctx, label+" again")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", ErrMismatch
	}
	return first, nil
}

// Confirm asks a question; anything but y or yes is a no. ErrNoTerminal when
// there is nobody to ask.
func (p *Prompter) Confirm(ctx context.Context, question string) (bool, error) {
	if !p.Can() {
		return false, ErrNoTerminal
	}
	fmt.Fprint(p.Out, question+" [y/N] ")
	line, err := await(ctx, func() ([]byte, error) { return bufio.NewReader(p.In).ReadBytes('\n') })
	if ctx.Err() != nil {
		fmt.Fprintln(p.Out)
		return false, ctx.Err()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer := strings.ToLower(strings.TrimSpace(string(line)))
	return answer == "y" || answer == "yes", nil
}

// ReadPassword reads a password from a pipe or a file: everything but one line
// break at the end.
func ReadPassword(in io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxPassword+2))
	if err != nil {
		return "", err
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	switch {
	case len(text) == 0:
		return "", ErrEmpty
	case len(text) > maxPassword:
		return "", ErrLong
	}
	return string(text), nil
}

// await runs read, but not past the end of ctx: a read from a terminal cannot
// be called off, and the process is about to end.
func await(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		line []byte
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := read()
		got <- answer{line, err}
	}()
	select {
	case a := <-got:
		return a.line, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
