package mcu

import (
	"context"
	"slices"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

// catchUp is the most blocks that the sound clock makes up for at once. What
// is beyond is left out, and the timestamps say so.
const catchUp = 5

// handBack is how many blocks somebody who fell silent keeps his own ear, 1 s. He
// hears what the silent hear, so the two encoders come to agree: a seam that is
// 12 dB under the sound at once is 20 to 36 dB under it then.
const handBack = 50

// soundClock mixes and sends the room's sound. One goroutine owns it.
type soundClock struct {
	room  *Room
	scene *scene
	pace  *pacer
	mixer audio.Mixer
	floor *audio.Floor
	told  bool  // the room knows what the floor says
	at    int64 // samples from the epoch to the next block

	block  pcm.Block // what all who are silent hear
	shared *ear      // theirs; nil before the first tick
	live   bool      // somebody heard it in the last tick
	spare  []*ear
	ticks  int
	losses []float64 // scratch of mend
}

// sound is what the sound clock keeps of a participant.
type sound struct {
	gate  audio.Gate
	block pcm.Block // what he says in this tick, then what he hears
	open  bool      // he is in the mix
	// silent counts the blocks since he was, while he still has an ear of his own.
	silent int
	own    *ear // where he hears all but himself; nil: he hears what the silent hear
	frail  bool // he has it for what he loses, though he is silent
}

func newSoundClock(r *Room) *soundClock {
	return &soundClock{
		room:  r,
		scene: r.scene.Load(),
		pace:  newPacer(pcm.Duration),
		floor: audio.NewFloor(audio.FloorConfig{}),
		told:  true,
	}
}

func (c *soundClock) run(ctx context.Context) {
	defer c.advance()
	rested := true
	for {
		c.advance()
		if !c.scene.audible() {
			select {
			case <-c.scene.superseded:
				c.pace.Rest()
				rested = true
				continue
			case <-ctx.Done():
				return
			}
		}
		missed, ok := c.pace.wait(ctx)
		if !ok {
			return
		}
		now := time.Now()
		c.room.server.stats.missedSound.Add(float64(missed))
		blocks := min(missed, catchUp) + 1
		if rested || missed > catchUp {
			c.leap(now, blocks)
			rested = false
		}
		for range blocks {
			c.tick(now)
		}
	}
}

// leap leaves out what cannot be made up for: blocks are what is due until now.
func (c *soundClock) leap(now time.Time, blocks int) {
	due := now.Sub(c.room.epoch).Microseconds() * pcm.Rate / 1e6
	c.at = max(c.at, due-int64(blocks-1)*pcm.Samples)
}

// tick is 20 ms of sound: from the packets of each microphone to packets on the
// wire.
func (c *soundClock) tick(now time.Time) {
	start := time.Now()
	c.mixer.Reset()
	for i := range c.scene.seats {
		c.listen(&c.scene.seats[i], now)
	}
	c.tellFloor()
	c.mend()
	// Encoders change hands before any of them moves on.
	for i := range c.scene.seats {
		c.assign(&c.scene.seats[i])
	}
	c.sendShared()
	for i := range c.scene.seats {
		c.sendOwn(&c.scene.seats[i])
	}
	c.at += pcm.Samples
	c.room.server.stats.mix.Observe(time.Since(start).Seconds())
}

// listen takes what a seat says and adds it to the mix if it is to be heard.
func (c *soundClock) listen(s *seat, now time.Time) {
	snd := &s.p.sound
	snd.open = false
	if s.voice == nil {
		return
	}
	level, ok := s.voice.Pull(&snd.block, now)
	if !ok || s.muted {
		level = pcm.Silence
	}
	c.floor.Observe(s.p.public, level, now)
	if s.muted {
		// Muted means muted, but the last block fades: a cut is a click.
		snd.open = snd.gate.Open()
		snd.gate = audio.Gate{}
		pcm.FadeOut(&snd.block)
	} else {
		snd.open = snd.gate.Pass(&snd.block, level)
	}
	if snd.open {
		c.mixer.Add(&snd.block)
	}
}

// tellFloor tells the room who speaks, when that is news.
func (c *soundClock) tellFloor() {
	if c.floor.Changed() {
		c.told = false
	}
	if !c.told {
		c.told = c.room.floorChanged(slices.Clone(c.floor.Speaking()), c.floor.Holder())
	}
}

// assign gives an ear of his own to who is in the mix, and takes it back some
// time after.
func (c *soundClock) assign(s *seat) {
	snd := &s.p.sound
	switch {
	case s.sound == nil:
		c.giveBack(snd)
	case snd.open || snd.frail:
		snd.silent = 0
		if snd.own == nil {
			c.part(snd)
		}
	case snd.own != nil:
		if snd.silent++; snd.silent <= handBack {
			return
		}
		// What he heard last is what he will hear on: if nobody else listens to
		// the shared stream, it goes on from his.
		if !c.live && c.shared != nil {
			c.shared.copy(snd.own)
			c.live = true
		}
		c.giveBack(snd)
	}
}

// part gives an ear of his own to who heard what all silent ones hear. It goes on
// from theirs, so he hears no seam.
func (c *soundClock) part(snd *sound) {
	snd.own = c.takeEar()
	if snd.own != nil && c.shared != nil {
		snd.own.copy(c.shared)
	}
}

func (c *soundClock) takeEar() *ear {
	if n := len(c.spare); n > 0 {
		e := c.spare[n-1]
		c.spare = c.spare[:n-1]
		return e
	}
	e, err := newEar(c.room.server.cfg.AudioBitrate)
	if err != nil {
		c.room.server.stats.encodeErrors.Inc()
		return nil
	}
	return e
}

func (c *soundClock) giveBack(snd *sound) {
	if snd.own != nil {
		c.spare = append(c.spare, snd.own)
		snd.own, snd.frail = nil, false
	}
}

// sendShared encodes once for all who are silent, and for sinks.
func (c *soundClock) sendShared() {
	if c.shared == nil {
		c.shared = c.takeEar()
	}
	c.live = false
	if c.shared == nil {
		return
	}
	if len(c.scene.sinks) > 0 {
		c.feed(c.encodeShared())
	}
	for i := range c.scene.seats {
		s := &c.scene.seats[i]
		if s.sound == nil || s.p.sound.open || s.p.sound.own != nil {
			continue
		}
		c.encodeShared()
		c.shared.write(s.sound, uint32(c.at), c.instant())
	}
}

// encodeShared encodes what all say, once a tick.
func (c *soundClock) encodeShared() []byte {
	if !c.live {
		c.live = true
		c.mixer.Mix(&c.block)
		c.encode(c.shared, &c.block)
	}
	return c.shared.payload[0]
}

// sendOwn encodes for somebody who is in the mix what the others say.
func (c *soundClock) sendOwn(s *seat) {
	snd := &s.p.sound
	if snd.own == nil || s.sound == nil {
		return
	}
	if snd.open {
		c.mixer.Minus(&snd.block, &snd.block)
	} else {
		c.mixer.Mix(&snd.block)
	}
	c.encode(snd.own, &snd.block)
	snd.own.write(s.sound, uint32(c.at), c.instant())
}

func (c *soundClock) encode(e *ear, b *pcm.Block) {
	stats := c.room.server.stats
	stats.soundEncodes.Inc()
	if err := e.encode(b); err != nil {
		stats.encodeErrors.Inc()
	}
}

// instant is when the next block begins.
func (c *soundClock) instant() time.Time {
	return c.room.epoch.Add(time.Duration(c.at) * 62500 / 3) // a sample is 62500/3 ns
}

// advance walks to the newest scene and lets go of what departed on the way.
func (c *soundClock) advance() {
	for next := c.scene.next.Load(); next != nil; next = c.scene.next.Load() {
		c.scene = next
		for _, d := range next.departed {
			if d.sink != nil {
				d.sink.release()
			}
			if d.left || d.voice != nil {
				c.giveBack(&d.p.sound)
			}
			if d.voice == nil {
				continue
			}
			c.floor.Remove(d.p.public)
			d.p.sound.gate = audio.Gate{}
			_ = d.voice.Close()
		}
	}
}
