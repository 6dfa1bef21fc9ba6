package bot

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/sctp"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v5/packetio"

	"tilemix/mcu/control"
)

// Options say what a bot is and does.
type Options struct {
	// Exchange takes the bot's offer to a server on this machine and returns the
	// answer.
	Exchange func(ctx context.Context, offer string) (answer string, err error)

	Viewer    bool // only receives
	Cooperate bool // opens a control channel and obeys uplink messages
	Clip      *Clip
	Begin     *Variant // what is sent of the clip to begin with; nil is Clip.Full
	Voice     *Voice   // nil is a microphone that is silent, unless NoSound
	NoSound   bool     // sends no sound at all
	NoPicture bool     // neither sends a picture nor receives one
	// Bursts has a picture sent in one segmented system call, which the kernel of the
	// same machine hands over joined. Otherwise each packet is a datagram, and the
	// packets of a picture are spread as libwebrtc's pacer spreads them.
	Bursts bool

	// Message gets every control message; it opens a control channel too.
	Message func(control.Message)
	// Record keeps all that comes in; see Recorded.
	Record bool
	// Remember is how many pictures and packets of the voice are remembered with
	// the time at which they were sent; see Sent.
	Remember int
}

// Unit is an access unit (H.264, Annex B) or a packet of sound (Opus).
type Unit struct {
	Data      []byte
	Timestamp uint32
	At        time.Time // when the last of it came
}

// Sending is a picture of the clip or a packet of the voice that was sent.
type Sending struct {
	Index int
	At    time.Time // just before the last of it was sent
}

// Bot is one client. It is safe for concurrent use.
type Bot struct {
	Options
	crowd         *Crowd
	born          time.Time
	local, remote answered
	tie           [8]byte
	from          netip.Addr
	oob           []byte // names from
	server        netip.AddrPort

	inbox       *packetio.Buffer // of DTLS
	dtls        *dtls.Conn
	association *sctp.Association
	wg          sync.WaitGroup
	gone        atomic.Bool
	checked     atomic.Bool
	connected   atomic.Int64 // ns since birth

	wanted    atomic.Pointer[Variant] // nil: no picture
	keyWanted atomic.Bool
	requests  atomic.Uint64 // uplink messages
	keyAsked  atomic.Uint64
	repair    atomic.Bool // a key frame of the mix is needed

	// Owned by the goroutine that sends, but for the atomics.
	encrypt      *srtp.Context
	sendOOB      []byte
	video, audio outbound
	sending      *Variant
	picture      int
	paced        pace
	number       uint16 // transport-wide
	pictures     atomic.Uint64
	shown, said  *memory
	packets      atomic.Uint64

	// Owned by the goroutine that receives, but for what is atomic in them.
	decrypt          atomic.Pointer[remoteKeys]
	videoIn, audioIn inbound
}

func (b *Bot) control() bool { return b.Cooperate || b.Message != nil }

func (c *Crowd) newBot(o Options) *Bot {
	number := c.joined.Add(1)
	from := netip.AddrFrom4([4]byte{127, 1, byte(number >> 8), byte(number)})
	b := &Bot{
		Options: o, crowd: c, born: time.Now(), from: from,
		oob: origin(from), sendOOB: origin(from),
		inbox: packetio.NewBuffer(),
	}
	b.local.credentials = credentials{rand.Text()[:8], rand.Text(), c.digest}
	_, _ = rand.Read(b.tie[:])
	b.video = outbound{ssrc: 1000000 + number*2, clock: 90_000}
	b.audio = outbound{ssrc: 1000001 + number*2, clock: 48_000}
	if o.Begin != nil {
		b.wanted.Store(o.Begin)
	} else if o.Clip != nil {
		b.wanted.Store(o.Clip.Full)
	}
	b.shown, b.said = newMemory(o.Remember), newMemory(o.Remember)
	return b
}

// Join makes a bot a client of a server: it returns when the connection stands.
func (c *Crowd) Join(ctx context.Context, o Options) (*Bot, error) {
	b := c.newBot(o)
	if err := b.join(ctx); err != nil {
		b.Leave()
		return nil, err
	}
	return b, nil
}

func (b *Bot) join(ctx context.Context) error {
	answer, err := b.Exchange(ctx, b.offer())
	if err != nil {
		return err
	}
	if b.remote, err = readAnswer(answer); err != nil {
		return err
	}
	b.server = b.remote.server
	b.videoIn.record, b.audioIn.record = b.Record, b.Record
	b.crowd.register(b)
	if err := b.connect(ctx); err != nil {
		return err
	}
	if err := b.handshake(ctx); err != nil {
		return err
	}
	b.connected.Store(int64(time.Since(b.born)))
	b.crowd.schedule(b)
	if b.control() {
		return b.openControl()
	}
	return nil
}

// connect checks until the server has answered.
func (b *Bot) connect(ctx context.Context) error {
	tick := time.NewTicker(checkInterval)
	defer tick.Stop()
	for b.check(); !b.checked.Load(); {
		select {
		case <-tick.C:
			b.check()
		case <-ctx.Done():
			return fmt.Errorf("ICE: %w", ctx.Err())
		case <-b.crowd.answered:
		}
	}
	return nil
}

// Leave ends the connection and waits for all that the bot did.
func (b *Bot) Leave() {
	if b.gone.Swap(true) {
		return
	}
	if b.dtls != nil {
		_ = b.dtls.Close()
	}
	if b.association != nil {
		_ = b.association.Close()
	}
	_ = b.inbox.Close()
	b.wg.Wait()
	b.crowd.forget(b)
}

// Recorded returns the pictures and the sound that came in, where Options.Record
// asked for them. The bot must have left.
func (b *Bot) Recorded() (pictures, sounds []Unit) { return b.videoIn.recorded, b.audioIn.recorded }

// Sent returns which pictures of the clip and which packets of the voice were sent
// when, oldest first, as far as they are remembered.
func (b *Bot) Sent() (pictures, packets []Sending) { return b.shown.all(), b.said.all() }

// memory keeps the newest sendings.
type memory struct {
	mu   sync.Mutex
	ring []Sending
	n    int
}

func newMemory(size int) *memory { return &memory{ring: make([]Sending, size)} }

func (m *memory) add(index int) {
	if len(m.ring) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ring[m.n%len(m.ring)] = Sending{index, time.Now()}
	m.n++
}

func (m *memory) all() []Sending {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.n <= len(m.ring) {
		return append([]Sending(nil), m.ring[:m.n]...)
	}
	at := m.n % len(m.ring)
	return append(append([]Sending(nil), m.ring[at:]...), m.ring[:at]...)
}
