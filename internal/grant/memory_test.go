package grant

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"testing"
)

func TestConvergesAreBounded(t *testing.T) {
	t.Parallel()
	c := newConverges()
	for i := range 3 * maxCounted {
		if !c.take(strconv.Itoa(i), 1) {
			t.Fatal("a first use was refused")
		}
	}
	if len(c.counts) > maxCounted {
		t.Errorf("%d families are remembered", len(c.counts))
	}
}

type confirmations struct {
	got  chan seen
	fail bool
}

func (c *confirmations) ConfirmFamily(_ context.Context, id string, gen int64) error {
	c.got <- seen{id, gen}
	if c.fail {
		return errors.New("no")
	}
	return nil
}

func TestConfirmer(t *testing.T) {
	t.Parallel()
	store := &confirmations{got: make(chan seen, 10), fail: true}
	c := NewConfirmer(store, slog.New(slog.DiscardHandler))
	c.Seen("a", 0) // nothing to confirm
	for range 3 {
		c.Seen("a", 1)
	}
	c.Seen("a", 2)
	c.Seen("a", 1) // an older access token
	c.Seen("b", 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { c.Run(ctx); close(done) }()
	for _, want := range []seen{{"a", 1}, {"a", 2}, {"b", 1}} {
		if got := <-store.got; got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	cancel()
	<-done
	if len(store.got) != 0 {
		t.Errorf("%d more", len(store.got))
	}
}

func TestConfirmerNeverBlocks(t *testing.T) {
	t.Parallel()
	c := NewConfirmer(&confirmations{}, slog.New(slog.DiscardHandler))
	for i := range confirmQueue + 10 {
		c.Seen(strconv.Itoa(i), 1)
	}
	if len(c.queue) != confirmQueue || len(c.last) != confirmQueue {
		t.Errorf("%d queued, %d known", len(c.queue), len(c.last))
	}
	<-c.queue
	c.Seen(strconv.Itoa(confirmQueue+9), 1) // the one that found no room comes again
	if len(c.queue) != confirmQueue {
		t.Error("a use that found no room is forgotten for good")
	}
}
