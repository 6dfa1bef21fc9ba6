package rtc_test

import (
	"fmt"
	"testing"
	"time"

	"tilemix/mcu/rtc"
	"tilemix/mcu/rtc/rtctest"
)

// TestForeignChannels has a client open data channels that the server does not use, and the
// control channel twice: all but the first of that are closed, and the first goes on
// until there are too many.
func TestForeignChannels(t *testing.T) {
	open, ended := make(chan struct{}, 100), make(chan struct{}, 100)
	heard, told := make(chan string, 100), make(chan string, 100)
	api, p := newServer(t, func(e *rtc.Events) {
		e.ControlOpen = func() { open <- struct{}{} }
		e.Control = func(b []byte) { heard <- string(b) }
		e.Ended = func() { ended <- struct{}{} }
	})
	c := rtctest.New(t, rtctest.Options{NoDecode: true, Message: func(b []byte) { told <- string(b) }})
	connect(t, c, p)
	<-open
	junk := func(n int) {
		t.Helper()
		for i := range n {
			label := fmt.Sprint("junk", i)
			if i%3 == 0 {
				label = rtc.ControlLabel
			}
			closed, err := c.OpenChannel(label)
			if err != nil {
				t.Fatal(err)
			}
			select {
			case <-closed:
			case <-time.After(rtctest.Patience):
				t.Fatalf("channel %d, %q, stays open", i, label)
			}
		}
	}
	junk(7)
	if len(ended) > 0 || len(open) > 0 {
		t.Fatalf("ended %d times, opened %d times more", len(ended), len(open))
	}
	if err := c.Send("up"); err != nil || <-heard != "up" {
		t.Fatalf("the first channel was lost: %v", err)
	}
	p.Send([]byte("down"), false)
	if got := <-told; got != "down" {
		t.Fatalf("heard %q over the first channel", got)
	}
	for i := range 2 { // after the connection has closed none is opened, and then the client's end may have closed too
		if _, err := c.OpenChannel("junk"); err != nil && i == 0 {
			t.Fatal(err)
		}
	}
	<-ended
	<-c.Gone()
	if n := api.Stats(); n.RejectedDataChannels < 8 || len(open) > 0 || len(ended) > 0 {
		t.Errorf("%+v; ended %d times more, opened %d times more", n, len(ended), len(open))
	}
}
