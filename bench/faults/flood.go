package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// flood connects and asks nothing, leaves TLS half open, resets HTTP/2 streams
// as fast as it can and sends header fields without end. Honest clients keep
// nine tenths of what they get alone.
func flood(ctx context.Context, l *lab) (string, error) {
	cert, err := newCertificate(l.dir, "flood")
	if err != nil {
		return "", err
	}
	o := rig.Options{Settings: cert.settings()}
	s, err := l.serveTLS(ctx, &o)
	if err != nil {
		return "", err
	}
	defer s.Kill()
	honest := func() (*honestTLS, error) { return measureTLS(ctx, s.Address, l.seconds) }
	alone, err := honest()
	if err != nil {
		return "", err
	}
	stop := make(chan struct{})
	var group sync.WaitGroup
	var tried, resets atomic.Int64
	for range 4 {
		group.Go(func() { connectAndLeave(s.Address, l.clients, stop, &tried) })
	}
	group.Go(func() { rapidResets(s.Address, stop, &resets) })
	group.Go(func() { endlessHeaders(s.Address, stop) })
	beside, err := honest()
	close(stop)
	group.Wait()
	if err != nil {
		return "", fmt.Errorf("during the flood: %w", err)
	}
	if err := s.Cmd.Process.Signal(aliveSignal); err != nil {
		return "", fmt.Errorf("the process ended: %w", err)
	}
	if took, err := eventually(5*time.Second, func() error { _, err := measureTLS(ctx, s.Address, 50*time.Millisecond); return err }); err != nil {
		return "", fmt.Errorf("after the flood (%s): %w", took, err)
	}
	// The honest load is open loop: goodput is the share of it that was answered.
	if share := float64(beside.good) / float64(max(1, beside.sent)); share < 0.9*l.slack {
		return "", fmt.Errorf("honest clients got %.0f %% of their answers", 100*share)
	}
	return fmt.Sprintf("%d connections made and left, %d streams reset; honest %d of %d answered (alone %d of %d)",
		tried.Load(), resets.Load(), beside.good, beside.sent, alone.good, alone.sent), nil
}

// honestTLS counts honest requests over https.
type honestTLS struct{ sent, good int64 }

func measureTLS(ctx context.Context, address string, d time.Duration) (*honestTLS, error) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 16,
	}}
	defer client.CloseIdleConnections()
	var h honestTLS
	var group sync.WaitGroup
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end) && ctx.Err() == nil; <-tick.C {
		h.sent++
		group.Go(func() {
			answer, err := client.Get("https://" + address + "/auth/realms/platform")
			if err != nil {
				return
			}
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				atomic.AddInt64(&h.good, 1)
			}
		})
	}
	group.Wait()
	if h.good == 0 {
		return nil, fmt.Errorf("no honest request was answered")
	}
	return &h, nil
}

// connectAndLeave opens connections, sends half a TLS greeting on every second
// one, and keeps at most keep of them open.
func connectAndLeave(address string, keep int, stop <-chan struct{}, tried *atomic.Int64) {
	held := make(chan net.Conn, max(1, keep/4))
	defer func() {
		close(held)
		for c := range held {
			c.Close()
		}
	}()
	for {
		select {
		case <-stop:
			return
		default:
		}
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			continue
		}
		if tried.Add(1)%2 == 0 {
			_, _ = c.Write([]byte{0x16, 0x03, 0x01, 0x02, 0x00, 0x01}) // a refused one is as good
		}
		select {
		case held <- c:
		default:
			(<-held).Close()
			held <- c
		}
	}
}

// dialH2 makes an HTTP/2 connection over TLS and sends the preface.
func dialH2(address string) (*tls.Conn, *http2.Framer, error) {
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Second}, "tcp", address,
		&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		return nil, nil, err
	}
	framer := http2.NewFramer(c, c)
	_, err = c.Write([]byte(http2.ClientPreface))
	if err == nil {
		err = framer.WriteSettings()
	}
	go func() { // what the server says is read, so that it can go on talking
		for buf := make([]byte, 4096); ; {
			if _, err := c.Read(buf); err != nil {
				return
			}
		}
	}()
	return c, framer, err
}

// rapidResets opens streams and resets each at once.
func rapidResets(address string, stop <-chan struct{}, resets *atomic.Int64) {
	fields := headerBlock("/auth/realms/platform")
	for !isClosed(stop) {
		c, framer, err := dialH2(address)
		if err != nil {
			continue
		}
		for id := uint32(1); !isClosed(stop); id += 2 {
			err = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: fields, EndStream: true, EndHeaders: true})
			if err == nil {
				err = framer.WriteRSTStream(id, http2.ErrCodeCancel)
			}
			if err != nil {
				break
			}
			resets.Add(1)
		}
		c.Close()
	}
}

// endlessHeaders begins a header block and never ends it.
func endlessHeaders(address string, stop <-chan struct{}) {
	fields := headerBlock("/auth/realms/platform")
	for !isClosed(stop) {
		c, framer, err := dialH2(address)
		if err != nil {
			continue
		}
		err = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields})
		for err == nil && !isClosed(stop) {
			err = framer.WriteContinuation(1, false, make([]byte, 0))
		}
		c.Close()
	}
}

func headerBlock(path string) []byte {
	var b block
	e := hpack.NewEncoder(&b)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", path}} {
		_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}) // block takes everything
	}
	return b
}

type block []byte

func (b *block) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
