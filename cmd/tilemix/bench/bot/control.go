package bot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"sync"
	"sync/atomic"

	"github.com/pion/datachannel"
	"github.com/pion/dtls/v3"
	"github.com/pion/sctp"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc"
	"tilemix/mcu/uplink"
)

// maxMessage is the longest control message that a bot reads, in bytes.
const maxMessage = 256 << 10

// channel is a bot's control channel. One goroutine reads it, which ends when the
// association closes.
type channel struct {
	options     *Options
	wishes      *wishes
	association *sctp.Association
	wg          sync.WaitGroup
}

// open opens the control channel and reads it until it ends. The argument active says
// that the server began the DTLS handshake.
func (c *channel) open(conn *dtls.Conn, active bool) error {
	association, err := sctp.ClientWithOptions(sctp.WithNetConn(conn), sctp.WithLoggerFactory(quiet()),
		sctp.WithMTU(1191), sctp.WithMaxMessageSize(maxMessage))
	if err != nil {
		return fmt.Errorf("SCTP: %w", err)
	}
	id := uint16(1) // the DTLS server uses odd numbers (RFC 8832 §6)
	if !active {
		id = 0
	}
	data, err := datachannel.Dial(association, id, &datachannel.Config{
		ChannelType: datachannel.ChannelTypeReliable, Label: rtc.ControlLabel, LoggerFactory: quiet(),
	})
	if err != nil {
		_ = association.Close()
		return fmt.Errorf("data channel: %w", err)
	}
	c.association = association
	c.wg.Go(func() {
		buf := make([]byte, maxMessage)
		for {
			n, err := data.Read(buf)
			if err != nil {
				return
			}
			c.take(buf[:n])
		}
	})
	return nil
}

// closeAssociation ends the channel, if it was opened.
func (c *channel) closeAssociation() {
	if c.association != nil {
		_ = c.association.Close()
	}
}

// take follows a control message. It parses only messages that the options need, because
// the server sends many long lists of participants.
func (c *channel) take(data []byte) {
	if c.options.Message != nil {
		if m, err := control.Decode(data); err == nil {
			c.options.Message(m)
		}
	}
	if c.options.Cooperate && bytes.HasPrefix(data, []byte(`{"type":"uplink"`)) {
		var m control.Uplink
		if json.Unmarshal(data, &m) == nil {
			c.wishes.obey(m, c.options.Clip)
		}
	}
}

// wishes are what the server has requested of a bot. They are safe for concurrent use.
type wishes struct {
	variant     atomic.Pointer[Variant] // nil: no picture
	key         atomic.Bool             // the next picture must be an IDR
	uplinks     atomic.Uint64           // uplink messages so far
	keyRequests atomic.Uint64           // requests for an IDR so far
}

// obey does what an uplink message requests of a bot that sends a clip, or of one that
// sends none.
func (w *wishes) obey(m control.Uplink, clip *Clip) {
	w.uplinks.Add(1)
	if !m.Active {
		w.variant.Store(nil)
		return
	}
	if clip != nil {
		w.variant.Store(clip.Wished(uplink.Constraints{
			Size: image.Pt(m.Width, m.Height), FrameRate: m.MaxFramerate, Bitrate: m.MaxBitrate,
		}))
	}
}

// requestKey notes a request for an IDR.
func (w *wishes) requestKey() {
	w.keyRequests.Add(1)
	w.key.Store(true)
}
