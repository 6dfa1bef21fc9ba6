package bot

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v5/packetio"

	"tilemix/mcu/control"
)

// Options say what a bot is and does.
type Options struct {
	// Exchange sends the bot's offer to a server on this machine and returns the
	// server's answer.
	Exchange func(ctx context.Context, offer string) (answer string, err error)

	Viewer    bool // only receives
	Publisher bool // only sends
	Cooperate bool // opens a control channel and obeys uplink messages
	Clip      *Clip
	Begin     *Variant // the variant of the clip that the bot sends first; nil is Clip.Full
	Voice     *Voice   // nil is a microphone that is silent, unless NoSound
	NoSound   bool     // sends no sound at all
	NoPicture bool     // neither sends a picture nor receives one
	// Bursts makes the bot send a picture in one segmented system call. The kernel of
	// the same machine delivers its packets joined. Without Bursts each packet is a
	// datagram, and the bot spreads the packets of a picture as libwebrtc's pacer does.
	Bursts bool

	// Feedback makes the bot send transport-wide feedback and requests for packets that are lost.
	Feedback bool

	// Jitter is how late a picture is sent at most. Lateness is random, and pictures stay in order.
	Jitter time.Duration

	// Message is called with every control message. If set, the bot opens a control
	// channel.
	Message func(control.Message)
	// Record makes the bot keep every unit that it receives; see Recorded.
	Record bool
	// Remember is the number of pictures, and of packets of the voice, whose time of
	// sending the bot remembers; see Sent.
	Remember int
}

// control tells whether the bot opens a control channel.
func (o *Options) control() bool { return o.Cooperate || o.Message != nil }

// Unit is an access unit (H.264, Annex B) or a packet of sound (Opus).
type Unit struct {
	Data      []byte
	Timestamp uint32
	At        time.Time // when its last packet arrived
}

// Sending is a picture of the clip or a packet of the voice that the bot sent.
type Sending struct {
	Index int
	At    time.Time // just before its last packet was sent
}

// Bot is one client. It is safe for concurrent use.
type Bot struct {
	Options
	crowd     *Crowd
	gone      atomic.Bool
	connected atomic.Int64 // ns since birth

	path     path
	ice      ice
	secure   secure
	wishes   wishes
	sender   sender
	receiver receiver
	reports  reports
	channel  channel
}

func newBot(c *Crowd, number uint32, o Options) *Bot {
	from := netip.AddrFrom4([4]byte{127, 1, byte(number >> 8), byte(number)})
	b := &Bot{Options: o, crowd: c, path: path{wire: c.wire, from: from, oob: origin(from)}}
	b.ice = ice{path: &b.path, answered: c.answered}
	b.ice.local = credentials{rand.Text()[:8], rand.Text(), c.digest}
	_, _ = rand.Read(b.ice.tie[:])
	b.secure = secure{path: &b.path, remote: &b.ice.remote, cert: c.cert, inbox: packetio.NewBuffer()}
	b.sender = sender{
		options: &b.Options, crowd: c, path: &b.path, wishes: &b.wishes, oob: origin(from),
		video: outbound{ssrc: 1000000 + number*2, clock: 90_000},
		audio: outbound{ssrc: 1000001 + number*2, clock: 48_000},
		shown: newMemory(o.Remember), said: newMemory(o.Remember),
	}
	b.receiver = receiver{wishes: &b.wishes, born: time.Now(), epoch: c.epoch}
	if o.Feedback {
		b.receiver.feedback = newFeedback(&b.path, number, c.epoch)
	}
	b.receiver.video.record, b.receiver.audio.record = o.Record, o.Record
	b.reports = reports{crowd: c, path: &b.path, sender: &b.sender, receiver: &b.receiver}
	b.channel = channel{options: &b.Options, wishes: &b.wishes}
	if o.Begin != nil {
		b.wishes.variant.Store(o.Begin)
	} else if o.Clip != nil {
		b.wishes.variant.Store(o.Clip.Full)
	}
	return b
}

// join connects the bot to the server and has the crowd send its media.
func (b *Bot) join(ctx context.Context) error {
	answer, err := b.Exchange(ctx, offer(&b.Options, b.ice.local, b.sender.video.ssrc, b.sender.audio.ssrc))
	if err != nil {
		return err
	}
	if b.ice.remote, err = readAnswer(answer); err != nil {
		return err
	}
	b.path.server = b.ice.remote.server
	b.crowd.register(b)
	if err := b.ice.connect(ctx); err != nil {
		return err
	}
	keys, err := b.secure.handshake(ctx)
	if err != nil {
		return err
	}
	if err := b.takeKeys(keys); err != nil {
		return err
	}
	b.connected.Store(int64(time.Since(b.receiver.born)))
	b.crowd.schedule(b)
	if b.control() {
		return b.channel.open(b.secure.conn, b.ice.remote.active)
	}
	return nil
}

// takeKeys gives the media's keys to the sender and the receiver.
func (b *Bot) takeKeys(k srtp.SessionKeys) error {
	var err error
	if b.sender.encrypt, err = srtp.CreateContext(k.LocalMasterKey, k.LocalMasterSalt, profile); err != nil {
		return fmt.Errorf("SRTP: %w", err)
	}
	if f := b.receiver.feedback; f != nil {
		if f.encrypt, err = srtp.CreateContext(k.LocalMasterKey, k.LocalMasterSalt, profile); err != nil {
			return fmt.Errorf("SRTP: %w", err)
		}
	}
	keys := &remoteKeys{}
	for _, c := range []**srtp.Context{&keys.media, &keys.reports} {
		if *c, err = srtp.CreateContext(k.RemoteMasterKey, k.RemoteMasterSalt, profile); err != nil {
			return fmt.Errorf("SRTP: %w", err)
		}
	}
	b.receiver.keys.Store(keys)
	return nil
}

// take passes a datagram on by its first byte (RFC 7983 §7). The goroutine that
// receives calls it.
func (b *Bot) take(p []byte, now time.Time) {
	switch {
	case len(p) < 12:
	case p[0] < 4:
		b.ice.take(p)
	case p[0] >= 20 && p[0] < 64:
		_, _ = b.secure.inbox.Write(p, nil)
	case p[0] >= 128 && p[0] < 192:
		b.receiver.take(p, now)
	}
}

// Show has the bot send another variant of its clip from the next picture on, which is an IDR.
func (b *Bot) Show(v *Variant) { b.wishes.variant.Store(v) }

// Server returns where the bot's media comes from. The bot must have joined.
func (b *Bot) Server() netip.AddrPort { return b.path.server }

// Leave ends the connection and waits for the bot's goroutines.
func (b *Bot) Leave() {
	if b.gone.Swap(true) {
		return
	}
	b.secure.closeConn()
	b.channel.closeAssociation()
	_ = b.secure.inbox.Close()
	b.channel.wg.Wait()
	b.crowd.forget(b)
}

// Recorded returns the pictures and the sound that arrived, if Options.Record is set.
// The bot must have left.
func (b *Bot) Recorded() (pictures, sounds []Unit) {
	return b.receiver.video.recorded, b.receiver.audio.recorded
}

// Sent returns the pictures of the clip and the packets of the voice that the bot
// remembers, oldest first, with the time of each. Options.Remember limits them.
func (b *Bot) Sent() (pictures, packets []Sending) { return b.sender.shown.all(), b.sender.said.all() }
