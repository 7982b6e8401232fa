package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"pgregory.net/rapid"
)

// testHistories compares random histories of one user's logins with a model
// that is plain Go.
func testHistories(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	var seen int64 // of the histories before, which may have ended early
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{world: alone.world(t), at: start, seen: seen}
		earlier, err := h.Revocations(h.ctx, h.seen)
		h.expect(rt, "the feed", err, nil)
		for _, r := range earlier {
			h.seen = r.Seq
		}
		seen = h.seen
		rt.Repeat(map[string]func(*rapid.T){
			"":         h.check,
			"open":     h.openLogin,
			"advance":  h.advance,
			"kill":     h.kill,
			"confirm":  h.confirm,
			"touch":    h.touch,
			"end":      h.end,
			"password": h.changePassword,
			"enabled":  h.setEnabled,
			"sweep":    h.sweep,
		})
	})
}

// history is the model beside the store: every login ever made, by its view.
type history struct {
	*world
	at     int64
	logins []*iam.FamilyView // Family.ID "" once swept
	olds   []iam.Family      // revisions that callers may still hold
	feed   int               // entries since seen
	seen   int64             // the last entry that was checked
}

// expect stops the history where a call was answered otherwise.
func (h *history) expect(rt *rapid.T, what string, err, want error) {
	if !errors.Is(err, want) {
		rt.Fatalf("%s: got %v, want %v", what, err, want)
	}
}

func (h *history) check(rt *rapid.T) {
	for _, want := range h.logins {
		got, err := h.Family(h.ctx, h.realm, want.Family.ID)
		if want.At < 0 {
			h.expect(rt, "a swept family", err, iam.ErrNotFound)
			continue
		}
		h.expect(rt, "a family", err, nil)
		got.At, got.User = want.At, want.User
		if diff := cmp.Diff(*want, got); diff != "" {
			rt.Fatalf("family (-want +got):\n%s", diff)
		}
	}
	fresh, err := h.Revocations(h.ctx, h.seen)
	h.expect(rt, "the feed", err, nil)
	if len(fresh) != h.feed {
		rt.Fatalf("the feed has %d new entries, want %d", len(fresh), h.feed)
	}
	for _, r := range fresh {
		if r.Seq <= h.seen || r.RealmID != h.realm {
			rt.Fatalf("entry %+v after %d", r, h.seen)
		}
		h.seen = r.Seq
	}
	h.feed = 0
}

// pick is one of the logins, or skips.
func (h *history) pick(rt *rapid.T) *iam.FamilyView {
	if len(h.logins) == 0 {
		rt.Skip()
	}
	return h.logins[rapid.IntRange(0, len(h.logins)-1).Draw(rt, "login")]
}

// held is a family as some caller read it: as it is now, or as it was once.
func (h *history) held(rt *rapid.T) (v *iam.FamilyView, f iam.Family) {
	v = h.pick(rt)
	f = v.Family
	if len(h.olds) > 0 && rapid.Bool().Draw(rt, "old") {
		f = h.olds[rapid.IntRange(0, len(h.olds)-1).Draw(rt, "which")]
		for _, l := range h.logins {
			if l.Family.ID == f.ID {
				v = l
			}
		}
	}
	return v, f
}

func (h *history) alive(l *iam.FamilyView) bool {
	return l.At >= 0 && l.Family.RevokedAt == 0 && l.Session != nil && l.ClientSession != nil
}

func (h *history) openLogin(rt *rapid.T) {
	if len(h.logins) == 6 {
		rt.Skip() // enough to mix up, and every step looks at all of them
	}
	l := h.login()
	l.Event = nil
	l.Session.DeadAt = h.at + rapid.Int64Range(1, 5000).Draw(rt, "idle")
	l.Family.DeadAt = l.Session.DeadAt
	l.UserEpoch = h.user.Epoch - rapid.Int64Range(0, 1).Draw(rt, "late")
	want := error(nil)
	if !h.user.Enabled || l.UserEpoch != h.user.Epoch && l.UserEpoch != 0 {
		want = iam.ErrStale
	}
	h.expect(rt, "OpenLogin", h.OpenLogin(h.ctx, l), want)
	if want == nil {
		h.logins = append(h.logins, &iam.FamilyView{Family: *l.Family, Session: &l.Session, ClientSession: &l.ClientSession})
		h.olds = append(h.olds, *l.Family)
	}
}

func (h *history) advance(rt *rapid.T) {
	v, prev := h.held(rt)
	next := rotated(prev, h.at)
	next.Ring = next.Ring[:1]
	// A row may be kept longer than it says, never shorter, so the model keeps
	// to times that grow.
	next.DeadAt = max(v.Family.DeadAt, h.at+rapid.Int64Range(1, 5000).Draw(rt, "life"))
	dead := h.at + rapid.Int64Range(1, 5000).Draw(rt, "idle")
	want := error(nil)
	if !h.alive(v) || prev.Rev != v.Family.Rev {
		want = iam.ErrStale
	}
	h.expect(rt, "AdvanceFamily", h.AdvanceFamily(h.ctx, prev, next, h.at, dead, nil), want)
	if want != nil {
		return
	}
	next.Rev = prev.Rev + 1
	v.Family = next
	v.Session.LastRefresh, v.Session.DeadAt = max(v.Session.LastRefresh, h.at), max(v.Session.DeadAt, dead)
	h.olds = append(h.olds, next)
}

func (h *history) kill(rt *rapid.T) {
	v, prev := h.held(rt)
	want := error(nil)
	if v.At < 0 || v.Family.RevokedAt != 0 || prev.Rev != v.Family.Rev {
		want = iam.ErrStale
	}
	entries, err := h.KillFamily(h.ctx, prev, "reuse", h.at, start+day, nil)
	h.expect(rt, "KillFamily", err, want)
	h.feed += len(entries)
	if want == nil {
		v.Family.Rev++
		v.Family.RevokedAt, v.Family.RevokeReason = h.at, "reuse"
	}
}

func (h *history) confirm(rt *rapid.T) {
	v := h.pick(rt)
	gen := v.Family.Gen - rapid.Int64Range(0, 1).Draw(rt, "behind")
	h.expect(rt, "ConfirmFamily", h.ConfirmFamily(h.ctx, v.Family.ID, gen), nil)
	if v.At >= 0 && gen == v.Family.Gen && !v.Family.Confirmed && v.Family.RevokedAt == 0 {
		v.Family.Confirmed = true
		v.Family.Rev++
	}
}

func (h *history) touch(rt *rapid.T) {
	v := h.pick(rt)
	dead := h.at + rapid.Int64Range(1, 5000).Draw(rt, "idle")
	want := error(nil)
	if !h.alive(v) {
		want = iam.ErrNotFound
	}
	h.expect(rt, "TouchSession", h.TouchSession(h.ctx, v.Family.SessionID, v.Family.ID, h.at, dead), want)
	if want == nil {
		v.Session.LastRefresh, v.Session.DeadAt = max(v.Session.LastRefresh, h.at), max(v.Session.DeadAt, dead)
		v.Family.DeadAt = max(v.Family.DeadAt, dead)
	}
}

func (h *history) end(rt *rapid.T) {
	v := h.pick(rt)
	want, entries := error(nil), 0
	if v.Session == nil {
		want = iam.ErrNotFound
	}
	if rapid.Bool().Draw(rt, "client") {
		got, err := h.EndClientSession(h.ctx, h.realm, v.Family.SessionID, v.Family.ClientID, h.at, start+day, nil)
		h.expect(rt, "EndClientSession", err, want)
		entries = len(got)
	} else {
		got, err := h.EndSession(h.ctx, h.realm, v.Family.SessionID, h.at, start+day, nil)
		h.expect(rt, "EndSession", err, want)
		entries = len(got)
	}
	v.Session, v.ClientSession = nil, nil
	h.feed += entries
}

func (h *history) changePassword(rt *rapid.T) {
	entries, err := h.ChangePassword(h.ctx, h.realm, h.user.ID, iam.Credential{SecretData: fmt.Sprint(h.at)}, h.at, start+day, nil)
	h.expect(rt, "ChangePassword", err, nil)
	h.user.Epoch++
	ended := 0
	for _, v := range h.logins {
		if v.Session != nil {
			v.Session, v.ClientSession = nil, nil
			ended++
		}
	}
	if ended != len(entries) {
		rt.Fatalf("%d sessions ended, %d entries", ended, len(entries))
	}
	h.feed += ended
}

func (h *history) setEnabled(rt *rapid.T) {
	on := rapid.Bool().Draw(rt, "on")
	entries, err := h.SetUserEnabled(h.ctx, h.realm, h.user.ID, on, h.at, start+day, nil)
	h.expect(rt, "SetUserEnabled", err, nil)
	if h.user.Enabled && !on {
		h.user.Epoch++
		h.feed++
	}
	if (len(entries) == 1) != (h.user.Enabled && !on) {
		rt.Fatalf("entries %+v", entries)
	}
	h.user.Enabled = on
}

func (h *history) sweep(rt *rapid.T) {
	h.at += rapid.Int64Range(0, 3000).Draw(rt, "later")
	_, err := h.Sweep(h.ctx, h.at, 10_000)
	h.expect(rt, "Sweep", err, nil)
	for _, v := range h.logins {
		if v.Session != nil && v.Session.DeadAt <= h.at {
			v.Session, v.ClientSession = nil, nil
		}
		if v.At >= 0 && v.Family.DeadAt <= h.at {
			v.At = -1
		}
	}
}
