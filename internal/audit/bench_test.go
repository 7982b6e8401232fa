package audit_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// million is the size of the record that the benchmarks read.
const million = 1_000_000

// BenchmarkVerifyMillion verifies a million events of about 300 bytes, sealed
// in batches of 500. It reports the most memory in use beside that of the start.
func BenchmarkVerifyMillion(b *testing.B) {
	r := newRig(b, 0)
	r.tamper(b, many(million))
	ok(b, r.sealer.Seal(b.Context()))
	r.pointed(b)
	runtime.GC()
	var start runtime.MemStats
	runtime.ReadMemStats(&start)
	most, stop := mostMemory()
	for b.Loop() {
		if report := r.sound(b, nil); report.Events != million {
			b.Fatalf("%+v", report)
		}
	}
	stop()
	b.ReportMetric(float64(most.Load()-int64(start.HeapInuse))/1e6, "MB-more")
	b.ReportMetric(float64(million*b.N)/b.Elapsed().Seconds(), "events/s")
}

// mostMemory watches the memory in use until it is stopped.
func mostMemory() (most *atomic.Int64, stop func()) {
	most = new(atomic.Int64)
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), int64(m.HeapInuse)))
			select {
			case <-ticker.C:
			case <-end:
				return
			}
		}
	}()
	return most, func() { close(end); <-ended }
}

// BenchmarkSealMillion seals them.
func BenchmarkSealMillion(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		r := newRig(b, 0)
		r.tamper(b, many(million))
		b.StartTimer()
		ok(b, r.sealer.Seal(b.Context()))
	}
	b.ReportMetric(float64(million*b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkSearchMillion finds nothing among a million events, once by what an
// index knows, and once by what it must read them all for.
func BenchmarkSearchMillion(b *testing.B) {
	r := newRig(b, 0)
	r.tamper(b, many(million))
	for name, q := range map[string]iam.EventQuery{
		"type":     {Type: "LOGOUT", Limit: 100},
		"user":     {UserID: "nobody", Limit: 100},
		"error_id": {ID: "none", Limit: 100},
		"time":     {From: start + million/2, To: start + million/2 + 1000, Type: "LOGOUT", Limit: 100},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if found, err := r.FindEvents(b.Context(), q); err != nil || len(found) > 0 {
					b.Fatal(found, err)
				}
			}
		})
	}
}
