package bot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"

	"github.com/pion/datachannel"
	"github.com/pion/sctp"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc"
	"tilemix/mcu/uplink"
)

// maxMessage is the longest control message that is read, in bytes.
const maxMessage = 256 << 10

// openControl opens the control channel and reads it until it ends.
func (b *Bot) openControl() error {
	association, err := sctp.ClientWithOptions(sctp.WithNetConn(b.dtls), sctp.WithLoggerFactory(quiet()),
		sctp.WithMTU(1191), sctp.WithMaxMessageSize(maxMessage))
	if err != nil {
		return fmt.Errorf("SCTP: %w", err)
	}
	id := uint16(1) // odd for who is the DTLS server (RFC 8832 §6)
	if !b.remote.active {
		id = 0
	}
	channel, err := datachannel.Dial(association, id, &datachannel.Config{
		ChannelType: datachannel.ChannelTypeReliable, Label: rtc.ControlLabel, LoggerFactory: quiet(),
	})
	if err != nil {
		_ = association.Close()
		return fmt.Errorf("data channel: %w", err)
	}
	b.association = association
	b.wg.Go(func() {
		buf := make([]byte, maxMessage)
		for {
			n, err := channel.Read(buf)
			if err != nil {
				return
			}
			b.handleControl(buf[:n])
		}
	})
	return nil
}

// handleControl handles a control message. Lists of participants are many and long, so
// nothing is parsed that nobody wants.
func (b *Bot) handleControl(data []byte) {
	if b.Message != nil {
		if m, err := control.Decode(data); err == nil {
			b.Message(m)
		}
	}
	if b.Cooperate && bytes.HasPrefix(data, []byte(`{"type":"uplink"`)) {
		var m control.Uplink
		if json.Unmarshal(data, &m) == nil {
			b.obey(m)
		}
	}
}

// obey does what an uplink message asks.
func (b *Bot) obey(m control.Uplink) {
	b.requests.Add(1)
	if !m.Active {
		b.wanted.Store(nil)
		return
	}
	if b.Clip != nil {
		b.wanted.Store(b.Clip.Wished(uplink.Constraints{
			Size: image.Pt(m.Width, m.Height), FrameRate: m.MaxFramerate, Bitrate: m.MaxBitrate,
		}))
	}
}
