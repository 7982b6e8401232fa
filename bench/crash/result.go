package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/bench/people"
	"github.com/seed-a6a28e10/usher/bench/rig"
)

// result is one run, or several added up.
type result struct {
	At     string `json:"at"`
	Commit string `json:"commit"`
	Seed   uint64 `json:"seed"`
	Runs   int    `json:"runs"`

	Kills        int            `json:"kills"`
	EarlyKills   int            `json:"early_kills"` // of servers that were just starting
	Acknowledged map[string]int `json:"acknowledged"`
	// Lost are the operations that had no answer, by kind.
	Lost map[string]int `json:"lost"`
	people.Counts
	Seconds float64 `json:"seconds"`
	// Ready is how long starts took until the server said it was ready, in ms.
	ReadyMedian float64 `json:"ready_ms_median"` // 0 of several runs
	ReadyMost   float64 `json:"ready_ms_most"`

	ready []time.Duration
}

func newResult(seed uint64) *result {
	return &result{At: time.Now().UTC().Format(time.RFC3339), Commit: rig.Commit(), Seed: seed, Runs: 1, Acknowledged: map[string]int{}, Lost: map[string]int{}}
}

func (r *result) add(l *lane) {
	r.Kills += l.kills
	r.EarlyKills += l.early
	r.ready = append(r.ready, l.ready...)
	if len(r.ready) > 0 {
		slices.Sort(r.ready)
		r.ReadyMedian, r.ReadyMost = ms(r.ready[len(r.ready)/2]), ms(r.ready[len(r.ready)-1])
	}
	if l.world != nil {
		r.count(l.world.Done(), l.world.Lost(), l.world.Counts())
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (r *result) count(done, lost map[string]int, c people.Counts) {
	for act, n := range done {
		r.Acknowledged[act] += n
	}
	for act, n := range lost {
		r.Lost[act] += n
	}
	r.Violations += c.Violations
	r.Unknown += c.Unknown
	r.Busy += c.Busy
	r.Histories += c.Histories
	r.Operations += c.Operations
}

// String is the summary line.
func (r *result) String() string {
	done, acts := counted(r.Acknowledged)
	lost, which := counted(r.Lost)
	ready := fmt.Sprintf("ready in at most %.0f ms", r.ReadyMost)
	if r.ReadyMedian > 0 {
		ready += fmt.Sprintf(", mostly %.0f", r.ReadyMedian)
	}
	return fmt.Sprintf("crash: %d kills (and %d at the start), %d violations; %d acknowledged (%s); %d without an answer (%s); %d put off; "+
		"%d histories, %d operations explained; %s; %.0f s",
		r.Kills, r.EarlyKills, r.Violations, done, acts, lost, which, r.Busy, r.Histories, r.Operations, ready, r.Seconds)
}

// counted adds up, and lists by name.
func counted(by map[string]int) (sum int, text string) {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(by)) {
		all = append(all, fmt.Sprintf("%d %s", by[name], name))
		sum += by[name]
	}
	return sum, strings.Join(all, ", ")
}

func (r *result) verdict(ready time.Duration) error {
	switch {
	case r.Violations > 0:
		return fmt.Errorf("%d violations", r.Violations)
	case r.Kills == 0 || r.Acknowledged["refresh"] == 0:
		return errors.New("nothing was tried")
	case r.ReadyMost > ms(ready):
		return fmt.Errorf("a start took %.0f ms", r.ReadyMost)
	}
	return nil
}

// printSum adds up a file of results.
func printSum(file string) error {
	runs, err := rig.ReadResults[result](file)
	if err != nil {
		return err
	}
	sum := &result{Acknowledged: map[string]int{}, Lost: map[string]int{}}
	for _, r := range runs {
		sum.Runs += r.Runs
		sum.Kills += r.Kills
		sum.EarlyKills += r.EarlyKills
		sum.Seconds += r.Seconds
		sum.ReadyMost = max(sum.ReadyMost, r.ReadyMost)
		sum.count(r.Acknowledged, r.Lost, r.Counts)
	}
	fmt.Printf("%d runs\n%s\n", sum.Runs, sum)
	if sum.Violations > 0 {
		return fmt.Errorf("%d violations", sum.Violations)
	}
	return nil
}
