package rtc

import (
	"sync/atomic"

	"github.com/pion/webrtc/v4"
)

// ControlLabel is the label of the data channel that carries control messages.
const ControlLabel = "control"

const (
	// maxUnsent bounds the control messages that wait for a client, in bytes.
	maxUnsent = 1 << 20
	// maxChannels is how many data channels a client may open. One is of use.
	maxChannels = 8
)

// channels are a client's data channels. One of them stays open.
type channels struct {
	control atomic.Pointer[webrtc.DataChannel] // nil before it is open
	opened  atomic.Int32                       // of any label
	claimed atomic.Bool                        // there is or was a control channel
}

// Send sends a control message over the data channel, if the client opened one. It never
// blocks: a client that leaves maxUnsent bytes unread loses the channel.
func (p *Peer) Send(data []byte) {
	dc := p.control.Load()
	if dc == nil {
		return
	}
	if dc.BufferedAmount() > maxUnsent {
		if p.control.CompareAndSwap(dc, nil) {
			p.counts.slowChannels.Add(1)
		}
		_ = dc.Close()
		return
	}
	_ = dc.SendText(string(data))
}

// onDataChannel takes the first control channel, and closes all others before they open,
// because each open channel has a goroutine and a buffer.
func (p *Peer) onDataChannel(dc *webrtc.DataChannel) {
	if p.opened.Add(1) > maxChannels {
		p.expel()
	}
	if dc.Label() != ControlLabel || !p.claimed.CompareAndSwap(false, true) {
		p.counts.rejectedDataChannels.Add(1)
		_ = dc.Close()
		return
	}
	dc.OnOpen(func() {
		p.control.Store(dc)
		p.events.ControlOpen()
	})
	dc.OnMessage(func(m webrtc.DataChannelMessage) { p.events.Control(m.Data) })
}
