package session

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
	"tilemix/codec/opus"
	"tilemix/codec/table"
	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
	"tilemix/mcu/media"
	"tilemix/mcu/silence"
	"tilemix/mcu/worker"
	"tilemix/mixer/layout"
)

// lastPicture (10 s) is how long the camera stays whose track has ended, of a participant
// that may come back: its last picture may be shown for as long.
const lastPicture = 10 * time.Second

// Cam is a camera, or a screen, that a participant publishes. Show and AskKeyFrame belong to the
// room's loop, [media.Camera] to the picture clock.
type Cam struct {
	*ingest.Video
	Screen bool // it is a screen
	sound  atomic.Pointer[ingest.Voice]
	from   receiver // nil: it is injected
	codec  codec.Kind
}

// Picture is media.Camera's.
func (c *Cam) Picture(now time.Time) (f *yuv.Frame, fresh bool) {
	return c.Video.Picture(c.sound.Load(), now)
}

// Lost is media.Camera's. Pictures that cost too much are missing like those that were lost.
func (c *Cam) Lost() uint64 {
	n := c.Stats()
	return n.Lost + n.Cuts
}

// Counts returns what came of the camera's packets so far. Any goroutine may call it.
func (c *Cam) Counts() silence.Counts {
	n := c.Stats()
	return silence.Counts{
		Packets: n.Packets - min(n.Padding, n.Packets), Units: n.Units, Keys: n.Keys, Bare: n.Bare,
		Lost: n.Holes, Capped: n.Capped, Oversize: n.Oversize, NoMemory: n.NoMemory, Refused: n.Refused, Lagged: n.Lagged, Pictures: n.Pictures,
	}
}

// Accompany says which microphone the pictures are to be kept together with; nil: none.
func (c *Cam) Accompany(m *Mic) {
	if m == nil {
		c.sound.Store(nil)
		return
	}
	c.sound.Store(m.Voice)
}

// Mic is a microphone, or the sound of a screen, that a participant publishes: a [media.Microphone].
type Mic struct {
	*ingest.Voice
	Screen bool     // it is the sound of a screen
	from   receiver // nil: it is injected
}

// Counts returns what came of the microphone's packets so far. Any goroutine may call it.
func (m *Mic) Counts() silence.Counts {
	n := m.Stats()
	return silence.Counts{Packets: n.Received, Units: n.Received - min(n.Corrupt, n.Received), Refused: n.Refused}
}

// track is what feeds a camera or a microphone: an [rtc.Track], or a source.
type track interface {
	media.Source
	Level(*rtp.Packet) (level uint8, ok bool)
	Retransmitted() bool
}

// cameraTrack is one that can be asked for something.
type cameraTrack interface {
	track
	Codec() codec.Kind
	Patience() time.Duration
	Busy(now time.Time) time.Duration
	RequestKeyFrame()
	LimitBitrate(bps int)
}

// runVideo feeds a camera until its track ends. When it goes on in another codec, or in another
// room, that is another camera.
func (s *Session) runVideo(t cameraTrack) {
	if s.Viewer {
		return
	}
	for s.runCamera(t, t.Codec()) {
	}
}

// Sends tells which kinds of media the client sends, as it was answered, and why some that came is
// of no use, if that is so. Of an injected session it returns nothing.
func (s *Session) Sends() (audio, video bool, lost silence.Reason) {
	c := s.conn.Load()
	if c == nil {
		return false, false, ""
	}
	if why := c.lost.Load(); why != nil {
		lost = *why
	}
	audio, video = c.peer.Sends()
	return audio, video, lost
}

// offered returns the parameter sets that a track's offer carried, if it has one.
func offered(t cameraTrack) [][]byte {
	if o, ok := t.(interface{ Parameters() [][]byte }); ok {
		return o.Parameters()
	}
	return nil
}

// kindOf tells whether a track is a screen, or the sound of one.
func kindOf(t track) layout.SourceKind {
	if s, ok := t.(interface{ Screen() bool }); ok && s.Screen() {
		return layout.Screen
	}
	return layout.Camera
}

// runCamera feeds a camera while its track is of one codec, and the session in one room. It
// returns false when the track has ended.
func (s *Session) runCamera(t cameraTrack, kind codec.Kind) (more bool) {
	on := s.on.Load()
	dec, err := on.Codecs.NewDecoder(kind)
	if err != nil {
		on.log.Error("no decoder for a camera", "codec", kind, "error", err)
		if c := s.conn.Load(); c != nil {
			c.useless(silence.Refused)
		}
		return false
	}
	spoken, screen := table.Of(kind), kindOf(t) == layout.Screen
	v := ingest.NewVideo(ingest.VideoConfig{
		Decoder: dec, Parameters: offered(t), Kind: kindOf(t), Joiner: spoken.NewJoiner(), Pool: on.Pool, Turns: s.env.DecodeSlot,
		Headroom: s.env.Headroom, RequestKeyFrame: t.RequestKeyFrame,
		Reassembled: s.env.Metrics.reassemble, Decoded: s.env.Metrics.decode, Skew: s.env.Metrics.lipSync,
		Tap: func(n uint64, au []byte, due, captured time.Time, timestamp uint32) bool {
			return !screen && s.tapPicture(on, spoken, n, au, media.Time{Arrived: due.Sub(s.env.Epoch), Captured: captured, Timestamp: timestamp})
		},
	})
	defer v.Stop()
	defer s.env.Metrics.video.Add(v.Stats)()
	c := &Cam{Video: v, Screen: screen, from: receiverOf(t), codec: kind}
	if !s.events.Call(func() { s.events.SetCamera(c) }) {
		v.Release()
		return false
	}
	var packet rtp.Packet
	var limiter limiter
	for t.Read(&packet) == nil {
		if t.Codec() != kind || s.on.Load() != on {
			more = true
			break
		}
		if ntp, timestamp, fresh := t.Reported(); fresh {
			v.Report(ntp, timestamp)
		}
		now := time.Now()
		s.heard.Store(s.base.At(now))
		v.Wait(t.Patience())
		v.Busy(t.Busy(now))
		v.Push(&packet, now)
		limiter.limit(t, s.limit.Load(), now)
	}
	s.endCamera(c, more)
	return more
}

// endCamera takes away a camera whose track has ended. The last picture of a participant
// that may come back stays as long as it may be shown; the connection that brought it does
// not wait.
func (s *Session) endCamera(c *Cam, more bool) {
	end := func() { s.events.Post(func() { s.events.EndCamera(c) }) }
	if s.token == "" || more || c.Screen {
		end()
		return
	}
	time.AfterFunc(lastPicture, end)
}

// runAudio feeds a microphone until its track ends. When it goes on in another room, that is
// another microphone.
func (s *Session) runAudio(t track) {
	if s.Viewer {
		return
	}
	for s.runMicrophone(t) {
	}
}

// runMicrophone feeds a microphone while the session is in one room. It returns false when the
// track has ended.
func (s *Session) runMicrophone(t track) (more bool) {
	on := s.on.Load()
	v, err := s.newVoice(on.Voices)
	if err != nil {
		on.log.Error("no decoder for a microphone", "error", err)
		return false
	}
	defer s.env.Metrics.voice.Add(v.Stats)()
	m := &Mic{v, kindOf(t) == layout.Screen, receiverOf(t)}
	if !s.events.Call(func() { s.events.SetMicrophone(m) }) {
		_ = v.Close()
		return false
	}
	var packet rtp.Packet
	for t.Read(&packet) == nil {
		if more = s.on.Load() != on; more {
			break
		}
		if ntp, timestamp, fresh := t.Reported(); fresh {
			v.Report(ntp, timestamp)
		}
		level, ok := t.Level(&packet)
		now := time.Now()
		s.heard.Store(s.base.At(now))
		v.Push(ingest.VoicePacket{Packet: &packet, Level: level, HasLevel: ok, Retransmitted: t.Retransmitted()}, now)
		for _, tap := range on.Taps() {
			if m.Screen {
				break
			}
			tap.Sound(s.public, packet.Payload, media.Time{
				Arrived: now.Sub(s.env.Epoch), Captured: v.Captured(packet.Timestamp), Timestamp: packet.Timestamp,
			})
		}
	}
	s.events.Post(func() { s.events.EndMicrophone(m) })
	return more
}

// newVoice returns a voice that has as many channels as the room, and is decoded where the room's voices are.
func (s *Session) newVoice(by *worker.Batch) (*ingest.Voice, error) {
	build := ingest.NewVoice
	if s.env.Stereo {
		build = ingest.NewStereoVoice
	}
	if by != nil {
		return build(by.NewDecoder(s.env.Stereo)), nil
	}
	dec, err := opus.NewDecoder()
	return build(dec), err
}

// tapPicture gives an access unit of the camera to the taps, and tells whether one of them
// needs an IDR.
func (s *Session) tapPicture(on *footing, spoken *table.Video, n uint64, au []byte, at media.Time) (needKey bool) {
	all := on.Taps()
	if len(all) == 0 {
		return false
	}
	key := spoken.IsKey(au)
	for _, t := range all {
		needKey = t.Picture(s.public, spoken.Kind, n, au, key, at) || needKey
	}
	return needKey
}

// PlayVideo shows a source as the participant's camera until its Read fails, as it has to
// when the participant leaves.
func (s *Session) PlayVideo(from media.Source) { s.play(func() { s.runVideo(injected{from, s}) }) }

// PlayScreen shows a source as the participant's screen beside its camera. See PlayVideo.
func (s *Session) PlayScreen(from media.Source) {
	s.play(func() { s.runVideo(injectedScreen{injected{from, s}}) })
}

// PlayAudio plays a source as the participant's microphone until its Read fails, as it has
// to when the participant leaves.
func (s *Session) PlayAudio(from media.Source) { s.play(func() { s.runAudio(injected{from, s}) }) }

// play runs something that Close waits for.
func (s *Session) play(run func()) {
	if s.attend() {
		defer s.playing.Done()
		run()
	}
}

// attend has Close wait for the caller's s.playing.Done. It returns false where the participant has left.
func (s *Session) attend() (inside bool) {
	s.events.Call(func() {
		if inside = s.events.Present(); inside {
			s.playing.Add(1)
		}
	})
	return inside
}
