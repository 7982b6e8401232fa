package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// Level is how a finding is meant.
type Level string

const (
	Success Level = "success"
	// Warning is a choice with a price, or something that will fail one day.
	Warning Level = "warning"
	// Failure is broken or unsafe now.
	Failure Level = "failure"
)

// Finding is one line of a report.
type Finding struct {
	// Check names what was looked at, stable from release to release, e.g.
	// "realms.password-grant"; the part before the dot is its group.
	Check string `json:"check"`
	Level Level  `json:"level"`
	// Text says what is so.
	Text string `json:"text"`
	// Advice says what to do about it, in the imperative; "" for a success.
	Advice string `json:"advice,omitempty"`
	// Clause is where it is asked for, e.g. "RFC 9700 section 2.4".
	Clause string `json:"clause,omitempty"`
	// Accepted is set where the operator named the check as known.
	Accepted bool `json:"accepted,omitempty"`
}

// Group is the part of the check's name before the dot.
func (f Finding) Group() string {
	group, _, _ := strings.Cut(f.Check, ".")
	return group
}

// Report is everything that was looked at, in the order of looking.
type Report []Finding

// Accept marks the findings of checks that the operator knows of. One without a
// finding is fine: what was wrong may have been put right. The error names one
// that is no check.
func (r Report) Accept(accepted []string) error {
	for _, name := range accepted {
		if !slices.Contains(checks, name) {
			return fmt.Errorf("no check is named %q", name)
		}
	}
	for i := range r {
		r[i].Accepted = r[i].Level != Success && slices.Contains(accepted, r[i].Check)
	}
	return nil
}

// Open counts the warnings and failures that were not accepted.
func (r Report) Open() (warnings, failures int) {
	for _, f := range r {
		switch {
		case f.Accepted:
		case f.Level == Warning:
			warnings++
		case f.Level == Failure:
			failures++
		}
	}
	return warnings, failures
}

// found collects findings.
type found struct {
	list Report
}

func (r *found) ok(check, format string, args ...any) {
	r.list = append(r.list, Finding{Check: check, Level: Success, Text: fmt.Sprintf(format, args...)})
}

func (r *found) warn(check, advice, format string, args ...any) {
	r.list = append(r.list, Finding{Check: check, Level: Warning, Text: fmt.Sprintf(format, args...), Advice: advice})
}

func (r *found) fail(check, advice, format string, args ...any) {
	r.list = append(r.list, Finding{Check: check, Level: Failure, Text: fmt.Sprintf(format, args...), Advice: advice})
}

// asked adds where the last finding is asked for.
func (r *found) asked(clause string) { r.list[len(r.list)-1].Clause = clause }
