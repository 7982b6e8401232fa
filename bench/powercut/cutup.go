package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/seed-a6a28e10/usher/bench/people"
)

// task is one cut to be judged.
type task struct {
	number, event int
	loss          loss
	image         image
	served        bool
}

// cutUp goes through a recording once and cuts n times, as evenly over its
// calls as can be, with each kind of loss in turn.
func (p *plan) cutUp(ctx context.Context, rec *recording, dir string, n int, t *totals) error {
	var lives []*biography
	for _, s := range rec.stories {
		b, err := rec.biographyOf(s, people.FirstPassword)
		if err != nil {
			return err
		}
		lives = append(lives, b)
		t.Answers += len(b.acked)
	}
	moments, err := rec.moments()
	if err != nil {
		return err
	}
	t.Calls += len(moments)
	if len(moments) < 100 {
		return fmt.Errorf("only %d calls were recorded", len(moments))
	}
	tasks := make(chan task, workers())
	var group sync.WaitGroup
	var wrong, served atomic.Int64
	for range workers() {
		group.Go(func() {
			for job := range tasks {
				if job.served {
					served.Add(1)
				}
				if err := p.judge(ctx, rec, dir, job, lives); err != nil && ctx.Err() == nil {
					wrong.Add(1)
					fmt.Fprintf(os.Stderr, "VIOLATION at cut %d after event %d, %s (seed %d): %s\nthe last calls:\n%s\n",
						job.number, job.event, job.loss, p.seed, indented(err), rec.describe(job.event, 60))
				}
			}
		})
	}
	err = rec.replay(moments, n, rand.New(rand.NewPCG(p.seed, uint64(t.Recordings))), func(job task) bool {
		job.served = (t.Cuts+job.number)%p.servedEvery == p.servedEvery-1
		tasks <- job
		return ctx.Err() == nil && wrong.Load() < mostWrong
	})
	close(tasks)
	group.Wait()
	t.Cuts += n
	t.Served += int(served.Load())
	t.Violations += int(wrong.Load())
	return err
}

// mostWrong violations and the run has shown what there is to show.
const mostWrong = 10

// ignored files hold nothing that is promised: the index of the WAL is made
// anew after a power cut.
func ignored(path string) bool { return strings.HasSuffix(path, "-shm") }

// moments are the events after which a cut leaves something else than before.
func (rec *recording) moments() (out []int, err error) {
	d := newDisk(rec.root, ignored)
	for i, e := range rec.events {
		changed, err := d.apply(e)
		if err != nil {
			return nil, err
		}
		if changed {
			out = append(out, i)
		}
	}
	return out, nil
}

// replay makes n cuts after the given events and hands each out until told to stop.
func (rec *recording) replay(moments []int, n int, r *rand.Rand, each func(task) bool) error {
	d := newDisk(rec.root, ignored)
	next := 0
	for number := range n {
		event := moments[number*len(moments)/n]
		for ; next <= event; next++ {
			if _, err := d.apply(rec.events[next]); err != nil {
				return err
			}
		}
		l := loss(number % int(losses))
		// As late as it can be: everything acknowledged before the next such call.
		last := len(rec.events) - 1
		if i := number*len(moments)/n + 1; i < len(moments) {
			last = moments[i] - 1
		}
		if !each(task{number: number, event: last, loss: l, image: d.cut(r, l)}) {
			return nil
		}
	}
	return nil
}

// judge rebuilds a cut's folder and looks at it.
func (p *plan) judge(ctx context.Context, rec *recording, dir string, job task, lives []*biography) error {
	place := filepath.Join(dir, fmt.Sprint("cut", job.number))
	if err := os.Mkdir(place, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(place)
	if err := job.image.write(filepath.Dir(rec.root), place); err != nil {
		return err
	}
	if job.served {
		return p.serve(ctx, rec, place, job.event, lives)
	}
	return rec.judge(ctx, filepath.Join(place, filepath.Base(rec.root)), job.event, lives)
}
