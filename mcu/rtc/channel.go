package rtc

import (
	"sync"
	"sync/atomic"

	"github.com/pion/webrtc/v4"
)

// ControlLabel is the label of the data channel that carries control messages.
const ControlLabel = "control"

const (
	// maxUnsent bounds the control messages that wait for a client, in bytes.
	maxUnsent = 1 << 20
	// maxSpare is the same for messages that may be left out.
	maxSpare = 64 << 10
	// maxChannels is how many data channels a client may open. One is of use.
	maxChannels = 8
)

// channels are a client's data channels. One of them stays open.
type channels struct {
	life   *lifetime
	events Events
	counts *counts

	control atomic.Pointer[webrtc.DataChannel] // nil before it is open
	opened  atomic.Int32                       // of any label
	claimed atomic.Bool                        // there is or was a control channel

	mu     sync.Mutex // held while the room is told of the control channel; guards closed
	closed bool       // the control channel has closed
}

// open and close take the control channel and let go of it. pion calls each in a goroutine, so close may come first.
func (c *channels) open(dc *webrtc.DataChannel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.control.Store(dc)
		c.events.ControlOpen()
	}
}

func (c *channels) close(dc *webrtc.DataChannel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.control.CompareAndSwap(dc, nil) {
		c.events.ControlClosed()
	}
}

// tellClosed says that the control channel has closed, after it was said that it opened.
func (c *channels) tellClosed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events.ControlClosed()
}

// send is Peer.Send.
func (c *channels) send(data []byte, spare bool) {
	dc := c.control.Load()
	if dc == nil {
		return
	}
	unsent := dc.BufferedAmount()
	if spare && unsent > maxSpare {
		c.counts.spareDropped.Add(1)
		return
	}
	if unsent > maxUnsent {
		if c.control.CompareAndSwap(dc, nil) {
			c.counts.slowChannels.Add(1)
			c.life.start(c.tellClosed) // the client may never confirm the close
		}
		_ = dc.Close()
		return
	}
	_ = dc.SendText(string(data))
}

// take takes the first control channel, and closes all others before they open,
// because each open channel has a goroutine and a buffer.
func (c *channels) take(dc *webrtc.DataChannel) {
	many := c.opened.Add(1) > maxChannels
	foreign := dc.Label() != ControlLabel || !c.claimed.CompareAndSwap(false, true)
	if foreign { // counted before the end of the connection is told
		c.counts.rejectedDataChannels.Add(1)
	}
	if many {
		c.life.expel()
	}
	if foreign {
		_ = dc.Close()
		return
	}
	dc.OnOpen(func() { c.open(dc) })
	dc.OnClose(func() { c.close(dc) })
	dc.OnMessage(func(m webrtc.DataChannelMessage) { c.events.Control(m.Data) })
}
