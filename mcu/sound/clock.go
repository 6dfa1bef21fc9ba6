package sound

import (
	"context"
	"slices"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/pace"
	"tilemix/mcu/relay"
	"tilemix/mcu/rtc/send"
	"tilemix/mcu/scene"
	"tilemix/mcu/worker"
	"tilemix/mixer/audio"
)

// maxVoices (12) is how many voices are mixed at a time at most. More than that is a noise.
const maxVoices = 12

// catchUp (5) is the most blocks that the clock makes up for at once when it was late.
// More are left out, and the timestamps say so.
const catchUp = 5

// Env is what a clock needs of its room.
type Env struct {
	Epoch        time.Time     // of all timestamps
	Bitrate      int           // of each encoder, bits a second; of one with two channels twice that
	Stereo       bool          // listeners that ask for it and sinks hear two channels
	Spatial      bool          // there, mono voices are placed where their tiles are
	KeepLoudness bool          // of each voice, instead of bringing all to the same
	Voices       *worker.Batch // decodes what microphones bring in a worker; nil: they do it alone
	Relay        *relay.Remote // that the sound is pulled by, instead of being mixed; nil: this is a room's home
	Reporter     scene.Reporter
	Metrics      *Metrics
}

// Clock mixes and sends one room's sound. The goroutine that calls Run owns it.
type Clock struct {
	env    Env
	cursor *scene.Cursor
	pace   *pace.Timer
	sums   sums
	floor  *audio.Floor
	told   bool  // the room knows what the floor says
	at     int64 // samples from the epoch to the next block
	now    time.Time
	take   func(int) // what a listener says, by its place in listeners

	state     map[string]*listener // by participant
	listeners []*listener          // of the scene, in its order
	open      []*audio.Strip       // whose voices are heard in this tick
	outputs   outputs
	stereo    *outputs // of listeners with two channels; nil: the room is mono
	fan       *send.Fan
	partings  scene.Partings
	cost
}

// listener is what the clock keeps of a participant, for as long as it is in the room.
type listener struct {
	strip  audio.Strip
	said   pcm.Block // in this tick
	level  uint8     // of it
	open   bool      // said is in the mix of this tick
	silent int       // blocks since it was, while the listener still has an encoder of its own
	own    *output   // hears all but itself by it; nil: it has the shared stream
	lossy  bool      // has its own for what it loses, though it is silent
	stereo bool      // hears two channels

	side, rest *pcm.Block // what said leaves out of stereo, see media.StereoMicrophone; nil: nothing
	image      int        // blocks for which the voice counts as stereo, though it may be flat
	panner     *audio.Panner
	place      float64 // of its tile, -1 is left and 1 right
}

// NewClock returns a clock that begins at the newest scene of a chain.
func NewClock(env Env, chain *scene.Chain) *Clock {
	c := &Clock{
		env: env, cursor: chain.Cursor(), pace: pace.New(pcm.Duration),
		floor: audio.NewFloor(audio.FloorConfig{}), told: true,
		fan:     send.NewFan(func(time.Duration) {}),
		state:   make(map[string]*listener),
		outputs: outputs{bitrate: env.Bitrate, metrics: env.Metrics, sinks: !env.Stereo},
	}
	if env.Stereo {
		c.stereo = &outputs{bitrate: env.Bitrate, metrics: env.Metrics, stereo: true, sinks: true}
	}
	c.take = c.pull
	return c
}

// Run mixes until ctx ends. It rests while there is nothing to be heard.
func (c *Clock) Run(ctx context.Context) {
	defer c.env.Voices.Close()
	defer c.advance()
	defer c.fan.Close()
	if c.env.Relay != nil {
		forwarder{c}.run(ctx)
		return
	}
	rested := true
	for {
		c.advance()
		if !c.cursor.Scene().Audible() {
			select {
			case <-c.cursor.Superseded():
				c.pace.Rest()
				rested = true
				continue
			case <-ctx.Done():
				return
			}
		}
		missed, ok := c.pace.Wait(ctx)
		if !ok {
			return
		}
		now := time.Now()
		c.env.Metrics.missed.Add(float64(missed))
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

// leap leaves out what cannot be made up for: blocks are what is due until now. It leaves out
// whole blocks, because receivers and files expect the times of blocks on one grid.
func (c *Clock) leap(now time.Time, blocks int) {
	due := now.Sub(c.env.Epoch).Microseconds() * pcm.Rate / 1e6
	if left := due - int64(blocks-1)*pcm.Samples - c.at; left > 0 {
		c.at += left / pcm.Samples * pcm.Samples
	}
}

// tick is 20 ms of sound: from the packets of each microphone to packets on the wire.
func (c *Clock) tick(now time.Time) {
	start := time.Now()
	s := c.cursor.Scene()
	c.sums.reset()
	c.now = now
	c.env.Voices.Each(len(c.listeners), c.take)
	for i, l := range c.listeners {
		c.gate(&s.Listeners[i], l)
	}
	c.mix()
	c.reportFloor()
	c.send(s, &c.outputs)
	if c.stereo != nil {
		c.send(s, c.stereo)
	}
	c.fan.Flush(time.Time{}, time.Now())
	c.at += pcm.Samples
	took := time.Since(start)
	c.spent.Add(int64(took))
	c.env.Metrics.mix.Observe(took.Seconds())
}

// send encodes and sends what is mixed to the listeners of one kind.
func (c *Clock) send(s *scene.Scene, o *outputs) {
	o.count(c.listeners)
	o.tune(s.Listeners, c.listeners)
	// Encoders change hands before any of them moves on.
	for i, l := range c.listeners {
		if l.stereo == o.stereo {
			o.assign(l, s.Listeners[i].Stream != nil)
		}
	}
	at := stamp{uint32(c.at), c.instant()}
	o.sendShared(&c.sums, s, c.listeners, at, at.at.Sub(c.env.Epoch))
	for i, l := range c.listeners {
		if l.stereo == o.stereo {
			o.sendOwn(&c.sums, l, s.Listeners[i].Stream, at)
		}
	}
}

// mix sums what the loudest say.
func (c *Clock) mix() {
	c.open = c.open[:0]
	for _, l := range c.listeners {
		if l.open {
			c.open = append(c.open, &l.strip)
		}
	}
	audio.Elect(c.open, maxVoices)
	for _, l := range c.listeners {
		if l.open {
			l.open = l.strip.Admit(&l.said)
		}
		if c.stereo != nil {
			l.follow(c.env.Spatial)
		}
		if l.open {
			c.sums.add(l)
		}
	}
}

// reportFloor reports who is heard, when that is news.
func (c *Clock) reportFloor() {
	if c.floor.Changed() {
		c.told = false
	}
	if !c.told {
		c.told = c.env.Reporter.FloorChanged(slices.Clone(c.floor.Speaking()), c.floor.Holder())
	}
}

// instant is when the next block begins.
func (c *Clock) instant() time.Time {
	return c.env.Epoch.Add(time.Duration(c.at) * 62500 / 3) // a sample is 62500/3 ns
}

// advance walks to the newest scene and lets go of what departed on the way.
func (c *Clock) advance() {
	moved := false
	for c.cursor.Next() {
		moved = true
		for _, d := range c.cursor.Scene().Departed {
			c.release(d)
			c.partings.Add(d)
		}
	}
	if !moved {
		return
	}
	defer c.partings.Tell()
	c.listeners = c.listeners[:0]
	for i := range c.cursor.Scene().Listeners {
		id := c.cursor.Scene().Listeners[i].ID
		l := c.state[id]
		if l == nil {
			l = &listener{strip: audio.Strip{KeepLoudness: c.env.KeepLoudness}}
			c.state[id] = l
		}
		if hears := c.stereo != nil && c.cursor.Scene().Listeners[i].Stereo; hears != l.stereo {
			c.kind(l).release(l)
			l.stereo = hears
		}
		c.listeners = append(c.listeners, l)
	}
	forwarder{c}.spread(c.cursor.Scene().Listeners)
	if c.env.Spatial {
		c.places(c.cursor.Scene())
	}
}

// release lets go of what no later scene has.
func (c *Clock) release(d scene.Departed) {
	if d.Sink != nil {
		d.Sink.Release()
	}
	l := c.state[d.ID]
	if l != nil && (d.Left || d.Microphone != nil) {
		c.kind(l).release(l)
	}
	if d.Microphone != nil {
		c.floor.Remove(d.ID)
		_ = d.Microphone.Close()
		if l != nil {
			l.strip.Forget()
		}
	}
	if d.Left {
		delete(c.state, d.ID)
	}
}
