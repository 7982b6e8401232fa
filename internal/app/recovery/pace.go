package recovery

import (
	"os"
	"sync"
	"time"
)

// pace is how often what was written of a copy is sent on to the disk.
const pace = 2 * time.Millisecond

// paced runs write, which makes or fills the file of that name, and sends what
// it wrote to the disk in small portions on the way.
func paced(path string, write func() error) error {
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if f, err := os.Open(path); err == nil { // until it is there, there is nothing to send
				push(f)
				f.Close()
			}
		}
	})
	err := write()
	close(done)
	group.Wait()
	return err
}
