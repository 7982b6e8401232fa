package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// lab is what the faults share.
type lab struct {
	seconds time.Duration
	clients int
	slack   float64
	binary  string

	dir   string
	realm string // the realm file
	next  int
}

// users is how many people the realm file has: a login storm takes a new one
// for each login, since a repeated one is not hashed.
func (l *lab) users() int { return 2000 + 3000*int(l.seconds/time.Second) }

func (l *lab) prepare(ctx context.Context) (err error) {
	if l.dir, err = os.MkdirTemp("", "usher-faults-"); err != nil {
		return err
	}
	if l.binary == "" {
		if l.binary, err = rig.Build(ctx, l.dir); err != nil {
			return err
		}
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	l.realm = filepath.Join(l.dir, "realms.json")
	return rig.WriteRealms(l.realm, l.users(), key)
}

func (l *lab) clean() { os.RemoveAll(l.dir) }

// folder makes an empty folder for one server.
func (l *lab) folder() (string, error) {
	l.next++
	dir := filepath.Join(l.dir, fmt.Sprint("server", l.next))
	return dir, os.Mkdir(dir, 0o700)
}

// serve starts a server over a new folder.
func (l *lab) serve(ctx context.Context, o rig.Options) (*rig.Server, rig.Options, error) {
	var err error
	if o.Dir == "" {
		if o.Dir, err = l.folder(); err != nil {
			return nil, o, err
		}
	}
	if o.Address == "" { // a second start must be found where the first was
		if o.Address, err = rig.FreeAddress(); err != nil {
			return nil, o, err
		}
	}
	o.RealmFile = l.realm
	s, err := rig.StartUsher(ctx, l.binary, o)
	return s, o, err
}

// within says whether a time stays below a bound, with the slack allowed.
func (l *lab) within(took, bound time.Duration) bool {
	return float64(took) <= float64(bound)/l.slack
}

// grant is what a token answer holds.
type grant struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// ask sends one request on a connection of its own.
func ask(address string, q rig.Request) (status int, body []byte, header http.Header, err error) {
	c, err := rig.Dial(address)
	if err != nil {
		return 0, nil, nil, err
	}
	defer c.Close()
	c.Header = http.Header{}
	status, body, err = c.Do(q)
	return status, body, c.Header, err
}

// login logs one person in.
func login(address, realm string, user int) (g grant, err error) {
	status, body, _, err := ask(address, rig.PasswordGrant(realm, rig.UserName(user)))
	if err != nil || status != http.StatusOK {
		return g, fmt.Errorf("login: status %d, %.200s: %w", status, body, orOK(err))
	}
	return g, json.Unmarshal(body, &g)
}

// orOK keeps an error's text readable where only the status was wrong.
func orOK(err error) error {
	if err == nil {
		return fmt.Errorf("an answer that was not expected")
	}
	return err
}

// eventually repeats try until it succeeds, and says how long that took.
func eventually(limit time.Duration, try func() error) (time.Duration, error) {
	begun := time.Now()
	for {
		err := try()
		if err == nil {
			return time.Since(begun), nil
		}
		if time.Since(begun) > limit {
			return 0, fmt.Errorf("not within %s: %w", limit, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
