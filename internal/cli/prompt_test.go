package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/seed-a6a28e10/usher/internal/cli"
)

// person sits at a pseudo-terminal.
type person struct {
	keys, tty *os.File
	usual     term.State
	shown     bytes.Buffer
}

func sit(t *testing.T) *person {
	t.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close(); _ = tty.Close() })
	p := &person{keys: keys, tty: tty}
	p.usual = p.state(t)
	return p
}

func (p *person) state(t *testing.T) term.State {
	t.Helper()
	s, err := term.GetState(int(p.tty.Fd()))
	if err != nil {
		t.Error(err)
		return term.State{}
	}
	return *s
}

// answer types each answer when its question stands on the screen.
func (p *person) answer(t *testing.T, pairs ...string) <-chan struct{} {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; i < len(pairs); i += 2 {
			for one := make([]byte, 1); !strings.HasSuffix(p.shown.String(), pairs[i]); {
				if _, err := p.keys.Read(one); err != nil {
					t.Errorf("waiting for %q: %v", pairs[i], err)
					return
				}
				p.shown.Write(one)
			}
			_, _ = p.keys.WriteString(pairs[i+1])
		}
	}()
	return done
}

func (p *person) prompter() *cli.Prompter { return &cli.Prompter{In: p.tty, Out: p.tty} }

func TestNewPassword(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		typed [2]string
		want  error
	}{
		"the same":  {[2]string{"correct horse", "correct horse"}, nil},
		"different": {[2]string{"correct horse", "correct house"}, cli.ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := sit(t)
			done := p.answer(t, "Password: ", c.typed[0]+"\r", "Password again: ", c.typed[1]+"\r")
			got, err := p.prompter().NewPassword(t.Context(), "Password", func(string) error { return nil })
			<-done
			if !errors.Is(err, c.want) || err == nil && got != c.typed[0] {
				t.Errorf("got %q, %v; want %v", got, err, c.want)
			}
			if strings.Contains(p.shown.String(), "horse") {
				t.Errorf("the password was shown: %q", p.shown.String())
			}
		})
	}
}

// TestInterruptedPassword: the wait ends with the context, and the terminal
// echoes again.
func TestInterruptedPassword(t *testing.T) {
	t.Parallel()
	p := sit(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := p.answer(t, "Password: ", "")
	go func() { <-done; cancel() }()
	if _, err := p.prompter().Password(ctx, "Password"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if after := p.state(t); after != p.usual {
		t.Errorf("the terminal was left as %+v; it was %+v", after, p.usual)
	}
}

// TestKeysThatCancel: ^C and ^D are told apart, and the terminal echoes again.
func TestKeysThatCancel(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]error{"\x03": context.Canceled, "half\x03": context.Canceled, "\x04": io.EOF} {
		p := sit(t)
		done := p.answer(t, "Password: ", key)
		_, err := p.prompter().Password(t.Context(), "Password")
		<-done
		if !errors.Is(err, want) {
			t.Errorf("%q gave %v", key, err)
		}
		if after := p.state(t); after != p.usual {
			t.Errorf("%q left the terminal as %+v; it was %+v", key, after, p.usual)
		}
	}
}

// TestTypedAhead: both passwords in one go.
func TestTypedAhead(t *testing.T) {
	t.Parallel()
	p := sit(t)
	done := p.answer(t, "Password: ", "correct horse\rcorrect horse\r")
	got, err := p.prompter().NewPassword(t.Context(), "Password", func(string) error { return nil })
	<-done
	if err != nil || got != "correct horse" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]bool{"y": true, "YES": true, "no": false, " ": false, "yep": false} {
		t.Run(typed, func(t *testing.T) {
			t.Parallel()
			p := sit(t)
			done := p.answer(t, "Delete it? [y/N] ", typed+"\n")
			got, err := p.prompter().Confirm(t.Context(), "Delete it?")
			<-done
			if err != nil || got != want {
				t.Errorf("%q gave %v, %v", typed, got, err)
			}
		})
	}
}

func TestNobodyToAsk(t *testing.T) {
	t.Parallel()
	p := sit(t)
	for name, q := range map[string]*cli.Prompter{
		"a pipe":     {In: strings.NewReader("secret\n"), Out: io.Discard},
		"not wanted": {In: p.tty, Out: io.Discard, Never: true},
	} {
		if _, err := q.NewPassword(t.Context(), "Password", func(string) error { return nil }); !errors.Is(err, cli.ErrNoTerminal) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := q.Confirm(t.Context(), "Delete it?"); !errors.Is(err, cli.ErrNoTerminal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadPassword(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"a b \n": "a b ", "a\r\n": "a", "a\n\n": "a\n", "ü": "ü"} {
		if got, err := cli.ReadPassword(strings.NewReader(in)); err != nil || got != want {
			t.Errorf("%q gave %q, %v", in, got, err)
		}
	}
	for in, want := range map[string]error{"\n": cli.ErrEmpty, "": cli.ErrEmpty, strings.Repeat("x", 5000): cli.ErrLong} {
		if _, err := cli.ReadPassword(strings.NewReader(in)); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v, want %v", len(in), err, want)
		}
	}
}
