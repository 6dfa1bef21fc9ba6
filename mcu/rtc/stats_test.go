package rtc_test

import (
	"sync"
	"testing"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc"
	"tilemix/mcu/rtc/rtctest"
)

// TestSlowChannel has a client open a control channel and not read what comes: the
// channel is closed, which is counted once, and the connection stays.
func TestSlowChannel(t *testing.T) {
	open, closed, ended, read := make(chan struct{}), make(chan struct{}), make(chan struct{}, 1), make(chan struct{})
	release := sync.OnceFunc(func() { close(read) })
	api, p := newServer(t, func(e *rtc.Events) {
		e.ControlOpen = func() { close(open) }
		e.ControlClosed = func() { close(closed) }
		e.Ended = func() { ended <- struct{}{} }
	})
	c := rtctest.New(t, rtctest.Options{NoDecode: true, Message: func([]byte) { <-read }})
	t.Cleanup(release)
	connect(t, c, p)
	<-open
	message := make([]byte, 16<<10)
	for sent := 0; api.Stats().SlowChannels == 0; sent += len(message) {
		if sent > 64<<20 {
			t.Fatal("64 MiB wait to be read")
		}
		p.Send(message, false)
		p.Send(message, true)
	}
	p.Send(message, false)
	<-closed
	if n := api.Stats(); n.SlowChannels != 1 || n.SpareDropped == 0 || n.Sent == 0 || len(ended) > 0 {
		t.Errorf("%+v, ended %d times", n, len(ended))
	}
}

// TestPairMeanwhile asks for the addresses of media while connections begin. It is for the race detector.
func TestPairMeanwhile(t *testing.T) {
	for range 3 {
		_, p := newServer(t, nil)
		c := rtctest.New(t, rtctest.Options{NoDecode: true})
		var asking sync.WaitGroup
		asking.Go(func() {
			poll.Until(t, "a pair", func() bool { local, remote := p.Pair(); return local != "" && remote != "" })
		})
		connect(t, c, p)
		asking.Wait()
	}
}

// connect has a client and a peer connect.
func connect(t *testing.T, c *rtctest.Client, p *rtc.Peer) {
	t.Helper()
	if _, err := c.Connect(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}
