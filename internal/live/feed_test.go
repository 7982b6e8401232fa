package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// outcome is how a call fares with the feed: "ok" or "503", and how many
// questions it took.
func outcome(t *testing.T, f *Feed, s *rows, remembered bool) string {
	t.Helper()
	before := s.questions()
	err := f.Confirmed(t.Context(), f.Clock.Now(), remembered)
	var e *oauth.Error
	switch {
	case err == nil:
		return fmt.Sprint("ok ", s.questions()-before)
	case errors.As(err, &e) && e.Fault == oauth.Unavailable && e.RetryAfter > 0:
		return fmt.Sprint("503 ", s.questions()-before)
	}
	t.Fatalf("not a fault: %v", err)
	return ""
}

// The feed's trouble matrix: what the store does, how old the last
// confirmation is, and whether the token is remembered.
func TestFeedTrouble(t *testing.T) {
	t.Parallel()
	type ask struct {
		after      time.Duration // since the ask before
		remembered bool
		want       string
	}
	for name, c := range map[string]struct {
		trouble func(context.Context) error
		grace   time.Duration
		asks    []ask
	}{
		"no trouble": {nil, 0, []ask{
			{0, false, "ok 0"}, {999 * time.Millisecond, false, "ok 0"},
			{time.Millisecond, false, "ok 1"}, {time.Millisecond, false, "ok 0"}, {time.Hour, true, "ok 1"},
		}},
		"fails": {fails, 0, []ask{
			{999 * time.Millisecond, false, "ok 0"},
			{time.Millisecond, true, "ok 1"},        // asked, failed, remembered
			{0, true, "ok 0"},                       // at once
			{0, false, "503 0"},                     // the failure is fresh
			{askLimit, false, "503 1"},              // asked again
			{DefaultGrace - askLimit, true, "ok 0"}, // the grace's last moment
			{time.Millisecond, true, "503 1"},       // over
			{0, true, "503 0"},                      // and at once
			{time.Millisecond, false, "503 0"},      //
			{askLimit, true, "503 1"},               //
		}},
		"hangs": {hangs, 0, []ask{
			{time.Second, false, "503 1"}, {0, true, "ok 0"}, {0, false, "503 0"}, {DefaultGrace + 1, true, "503 1"},
		}},
		"fails, short grace": {fails, 5 * time.Second, []ask{
			{time.Second, true, "ok 1"}, {5 * time.Second, true, "ok 0"}, {1, true, "503 1"},
		}},
		"fails, no grace": {fails, -1, []ask{
			{999 * time.Millisecond, true, "ok 0"}, {time.Millisecond, true, "503 1"}, {0, true, "503 0"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &rows{}
				f := NewFeed(FeedOptions{Read: s.read, Clock: bubbleClock{}, Grace: c.grace})
				if err := f.Load(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.trouble = c.trouble
				for i, a := range c.asks {
					time.Sleep(a.after)
					synctest.Wait()
					if got := outcome(t, f, s, a.remembered); got != a.want {
						t.Errorf("ask %d: %s, want %s", i, got, a.want)
					}
				}
				synctest.Wait()
				s.with(func() { s.trouble = nil })
				time.Sleep(askLimit)
				if got := outcome(t, f, s, false); got[:2] != "ok" {
					t.Errorf("after the trouble: %s", got)
				}
				if err := f.Ready(t.Context()); err != nil {
					t.Errorf("after the trouble: %v", err)
				}
			})
		})
	}
}

// However many wait, one question is asked, and all have their answer in 250 ms.
func TestFeedAsksOneQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &rows{}
		f := NewFeed(FeedOptions{Read: s.read, Clock: bubbleClock{}})
		if err := f.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		stuck := make(chan struct{})
		s.trouble = func(context.Context) error { <-stuck; return nil } // deaf to its context
		time.Sleep(2 * time.Second)
		began := time.Now()
		var wg sync.WaitGroup
		var ok, refused atomic.Int32
		for i := range 100 {
			wg.Go(func() {
				if f.Confirmed(context.Background(), time.Now(), i%2 == 0) == nil {
					ok.Add(1)
				} else {
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took != askLimit {
			t.Errorf("waited %v", took)
		}
		if ok.Load() != 50 || refused.Load() != 50 || s.questions() != 2 {
			t.Errorf("%d answered, %d refused, %d questions", ok.Load(), refused.Load(), s.questions())
		}
		time.Sleep(10 * askLimit)
		began = time.Now()
		if err := f.Confirmed(t.Context(), began, false); err == nil || time.Since(began) != 0 || s.questions() != 2 {
			t.Errorf("while the question hangs: %v after %v, %d questions", err, time.Since(began), s.questions())
		}
		close(stuck)
		synctest.Wait()
		s.with(func() { s.trouble = nil })
		if err := f.Confirmed(t.Context(), time.Now(), false); err != nil {
			t.Errorf("after the hang: %v", err)
		}
	})
}

// A caller that gives up leaves the question to the others.
func TestFeedCallerGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &rows{}
		f := NewFeed(FeedOptions{Read: s.read, Clock: bubbleClock{}})
		release := make(chan struct{})
		s.trouble = func(context.Context) error { <-release; return nil }
		ctx, cancel := context.WithCancel(t.Context())
		gone, stays := make(chan error, 1), make(chan error, 1)
		go func() { gone <- f.Confirmed(ctx, time.Now(), false) }()
		synctest.Wait()
		go func() { stays <- f.Confirmed(t.Context(), time.Now(), false) }()
		synctest.Wait()
		cancel()
		if err := <-gone; err == nil {
			t.Error("a caller that gave up was answered")
		}
		close(release)
		if err := <-stays; err != nil {
			t.Error(err)
		}
	})
}

func TestFeedReadiness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &rows{}
		f := NewFeed(FeedOptions{Read: s.read, Clock: bubbleClock{}})
		if f.Ready(t.Context()) == nil {
			t.Error("ready before the first load")
		}
		if err := f.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(unreadyAfter)
		if err := f.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Nanosecond)
		if f.Ready(t.Context()) == nil {
			t.Error("ready after more than three seconds")
		}
	})
}

// What another node wrote is in force within the poll's 250 ms, and a stopped
// poll stops.
func TestFeedPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &rows{}
		var forgot []string
		f := NewFeed(FeedOptions{Read: s.read, Clock: bubbleClock{}, ForgetMembers: func(realm, user string) { forgot = append(forgot, realm+user) }})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); f.Run(ctx) }()
		synctest.Wait()
		s.revoke(iam.Revocation{Kind: iam.RevokeSession, ID: "s1"})
		s.revoke(iam.Revocation{Kind: iam.ForgetMembers, ID: "u1"})
		time.Sleep(pollFeed)
		synctest.Wait()
		if !f.Refused("r1", "c1", &token.Claims{SessionID: "s1"}) {
			t.Error("not refused after a poll")
		}
		epoch := f.Epoch()
		time.Sleep(4 * pollFeed)
		synctest.Wait()
		if f.Epoch() != epoch || fmt.Sprint(forgot) != "[r1u1]" {
			t.Errorf("polls repeated themselves: epoch %d then %d, forgot %v", epoch, f.Epoch(), forgot)
		}
		cancel()
		<-done
	})
}

// Own writes with a higher number must not hide others' that come in later.
func TestOwnWritesDoNotMoveThePoll(t *testing.T) {
	t.Parallel()
	s := &rows{}
	f := NewFeed(FeedOptions{Read: s.read, Clock: newHandClock()})
	other := s.revoke(iam.Revocation{Kind: iam.RevokeSession, ID: "theirs"})
	f.Apply(iam.Revocation{Seq: other.Seq + 1, RealmID: "r1", Kind: iam.RevokeSession, ID: "ours", Until: 1 << 60})
	if err := f.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, sid := range []string{"theirs", "ours"} {
		if !f.Refused("r1", "c1", &token.Claims{SessionID: sid}) {
			t.Errorf("%s is not refused", sid)
		}
	}
}

func TestFeedDropsEndedEntries(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	f := NewFeed(FeedOptions{Read: (&rows{}).read, Clock: clock})
	until := clock.Now().Add(time.Minute).UnixMilli()
	f.Apply(iam.Revocation{RealmID: "r1", Kind: iam.RevokeSession, ID: "s1", Until: until},
		iam.Revocation{RealmID: "r1", Kind: iam.RevokeSession, ID: "s2", Until: until + 60_000})
	for _, want := range []int{2, 1, 0} {
		f.sweep()
		if f.Len() != want {
			t.Errorf("%d entries, want %d", f.Len(), want)
		}
		clock.advance(time.Minute + time.Millisecond)
	}
}

func TestEntriesWiden(t *testing.T) {
	t.Parallel()
	f := NewFeed(FeedOptions{Read: (&rows{}).read, Clock: newHandClock()})
	for _, before := range []int64{10, 30, 20} {
		f.Apply(iam.Revocation{RealmID: "r1", Kind: iam.RevokeUser, ID: "u1", IssuedBefore: before, Until: 1 << 60})
	}
	if !f.Refused("r1", "c1", &token.Claims{Subject: "u1", IssuedAt: 29}) || f.Refused("r1", "c1", &token.Claims{Subject: "u1", IssuedAt: 30}) {
		t.Error("the latest instant does not count")
	}
}
