package mcu

import (
	"context"
	"crypto/rand"
	"image"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/control"
	"tilemix/mcu/ingest"
	"tilemix/mcu/ladder"
	"tilemix/mcu/rtc"
	"tilemix/mcu/uplink"
	"tilemix/mixer/video"
)

// What a client may send over the control channel: messages a second, and how
// many at once.
const (
	controlRate  = 20
	controlBurst = 100
)

// Participant is somebody in a room. It is safe for concurrent use. Each of his
// tracks has a goroutine, which his connection waits for.
type Participant struct {
	id     string // secret: whoever knows it may end the session
	public string // what others know him by
	name   string
	viewer bool
	room   *Room
	log    *slog.Logger
	secret string                   // to come back with; "": he cannot
	line   int                      // number of his control connection; the loop's
	cut    func()                   // ends it; the loop's
	peer   *rtc.Peer                // the loop's; nil: he is fed
	answer atomic.Pointer[attached] // the same with its line, for whoever brings offers
	pace   *rate.Limiter            // of the control channel
	back   *rate.Limiter            // of how often he comes back
	send   func(control.Message)    // the loop's
	open   atomic.Bool              // the client opened a control channel
	life   context.Context          // ends as he leaves
	end    context.CancelFunc
	done   chan struct{}
	limit  atomic.Int64 // of all he sends, bits a second; 0: none
	pass   func()       // he is through the door

	playing sync.WaitGroup // sources that feed him

	keyWanted atomic.Bool  // he asked for an IDR
	shown     atomic.Int32 // rung of the ladder that he has

	sight  sight  // owned by the picture clock
	health health // likewise
	sound  sound  // owned by the sound clock

	// Owned by the room's loop.
	video     *ingest.Video
	voice     *ingest.Voice
	muted     bool
	cameraOff bool
	connected bool      // his connection stands
	seated    bool      // it stood before
	unheard   bool      // his control connection is lost
	parting   bool      // he said goodbye by it
	deadline  time.Time // for his connection to stand, or for another where he parted
	told      bool      // of the room as it was when he came
	wish      uplink.Wish
	asked     uplink.Asked
	rung      *ladder.Rung // that he has; nil: none yet
	uplink    video.Status // as the picture clock finds it
}

func newParticipant(r *Room, o JoinOptions) (*Participant, error) {
	p := &Participant{
		id:     rand.Text(),
		public: rand.Text()[:8],
		name:   o.Name,
		viewer: o.Viewer,
		room:   r,
		send:   o.Send,
		cut:    o.Cut,
		pace:   rate.NewLimiter(controlRate, controlBurst),
		back:   rate.NewLimiter(resumeRate, resumeBurst),
		done:   make(chan struct{}),
	}
	p.life, p.end = context.WithCancel(context.Background())
	p.log = r.log.With("participant", p.public)
	if o.Resumable {
		p.secret = rand.Text()
	}
	if o.Fed {
		p.pass = func() {}
		p.connected, p.seated = true, true
		return p, nil
	}
	peer, err := p.connection()
	if err != nil {
		p.end()
		return nil, err
	}
	p.peer = peer
	p.answer.Store(&attached{peer, 0})
	p.pass = r.server.door.enter()
	p.sight.over = o.line
	return p, nil
}

// connection makes a connection for him.
func (p *Participant) connection() (*rtc.Peer, error) {
	var peer *rtc.Peer
	present := func(f func()) func() {
		return func() {
			p.room.post(func() {
				if p.peer == peer {
					f()
				}
			})
		}
	}
	peer, err := p.room.server.api.NewPeer(rtc.Events{
		Video:       func(t *rtc.Track) { p.runFor(peer, func() { p.runVideo(t) }) },
		Audio:       func(t *rtc.Track) { p.runFor(peer, func() { p.runAudio(t) }) },
		KeyFrame:    p.requestKeyFrame,
		Control:     p.parse,
		ControlOpen: present(p.openControl),
		Connected:   present(p.connect),
		Failed:      present(func() { p.disconnect(true) }),
		Ended:       present(func() { p.disconnect(false) }),
	})
	return peer, err
}

// ID returns the secret name of the participant's session.
func (p *Participant) ID() string { return p.id }

// Done is closed when the participant has left, for whatever reason.
func (p *Participant) Done() <-chan struct{} { return p.done }

// AfterLeave has f run in a goroutine of its own as the participant leaves, or at
// once if he has.
func (p *Participant) AfterLeave(f func()) { context.AfterFunc(p.life, f) }

// Leave ends the participant's session. It returns at once; a second Leave does
// nothing.
func (p *Participant) Leave() { p.room.post(func() { p.room.remove(p) }) }

// close ends his connection and waits for all that runs on it.
func (p *Participant) close() {
	p.pass()
	p.end()
	if p.peer != nil {
		p.peer.Close()
	}
	p.playing.Wait()
}

// Offer takes an SDP offer and returns the answer, with all of the server's
// candidates in it. A later offer renegotiates.
func (p *Participant) Offer(ctx context.Context, sdp string) (string, error) {
	return p.offer(ctx, p.answer.Load(), sdp)
}

func (p *Participant) offer(ctx context.Context, to *attached, sdp string) (string, error) {
	answer, err := to.peer.Offer(ctx, sdp)
	if err != nil {
		return "", err
	}
	p.room.post(func() {
		if p.connected {
			p.room.publish()
		}
	})
	return answer, nil
}

// AddCandidate adds a candidate of the client's.
func (p *Participant) AddCandidate(c control.CandidateInit) error {
	return p.answer.Load().candidate(c)
}

// Handle does what a control message asks. Refusals are sent to the
// participant.
func (p *Participant) Handle(m control.Message) {
	p.room.post(func() {
		if !slices.Contains(p.room.members, p) {
			return
		}
		if p.viewer {
			p.refuse("viewers cannot send this message")
			return
		}
		switch m := m.(type) {
		case control.Mute:
			p.muted, p.cameraOff = m.AudioMuted, m.VideoMuted
			p.room.publish()
		case control.SendChat:
			p.room.chat(p, m.Text)
		case control.ChooseLayout:
			if !p.room.setLayout(m.Name) {
				p.refuse("there is no layout of that name")
			}
		default:
			p.refuse("a message of type " + m.Type() + " cannot be sent here")
		}
	})
}

// parse reads a message of the data channel. It runs in the channel's goroutine:
// while it waits no other message is read, and SCTP holds the client back.
func (p *Participant) parse(data []byte) {
	if p.pace.Wait(p.life) != nil {
		return
	}
	m, err := control.Parse(data)
	if err != nil {
		p.room.post(func() { p.refuse(err.Error()) })
		return
	}
	p.Handle(m)
}

func (p *Participant) refuse(why string) {
	p.deliver(control.Error{Error: why})
}

// deliver sends a message by whatever ways the client has.
func (p *Participant) deliver(m control.Message) {
	if p.send != nil {
		p.send(m)
	}
	if !p.open.Load() {
		return
	}
	if data, err := control.Encode(m); err == nil {
		p.peer.Send(data)
	}
}

func (p *Participant) welcome() {
	p.deliver(control.Welcome{
		ID: p.public, Name: p.name, Room: p.room.name,
		ICEServers: p.room.server.ICEServers(), Resume: p.secret,
	})
}

// openControl greets a client that opened a control channel.
func (p *Participant) openControl() {
	p.open.Store(true)
	p.welcome()
	p.room.tellAll(p)
	p.askUplink()
	p.tellRendition()
}

// connect is run by the loop whenever the connection stands.
func (p *Participant) connect() {
	p.connected, p.seated = true, true
	p.pass()
	p.log.Debug("connected")
	p.room.publish()
	if p.sees() {
		p.room.wake()
	}
}

// requestKeyFrame asks for an IDR of the rendition that he has and wakes an idle
// clock for it.
func (p *Participant) requestKeyFrame() {
	p.keyWanted.Store(true)
	p.room.wake()
}

// sees and hears tell whether the participant receives picture and sound.
func (p *Participant) sees() bool  { return p.connected && p.peer != nil && p.peer.Video().Ready() }
func (p *Participant) hears() bool { return p.connected && p.peer != nil && p.peer.Audio().Ready() }

func (p *Participant) seat() seat {
	s := seat{
		p: p, video: p.video, voice: p.voice,
		muted: p.muted, cameraOff: p.cameraOff || p.video == nil,
		lost: p.seated && !p.connected, unheard: p.unheard,
	}
	if p.sees() {
		s.picture = p.peer.Video()
	}
	if p.hears() {
		s.sound = p.peer.Audio()
	}
	return s
}

// show tells the camera how large its tile is. What is asked of the sender does not
// depend on whether his camera is off, so that he has to ask nobody to go on.
func (p *Participant) show(tile image.Point, watched bool, now time.Time) {
	if !watched {
		tile = image.Point{}
	}
	p.wish = uplink.For(tile, p.room.server.cfg.FrameRate)
	if p.video == nil {
		return
	}
	if p.cameraOff {
		tile = image.Point{}
	}
	p.video.Show(tile, now)
}
