package sound

import (
	"context"
	"slices"
	"sync"
	"time"

	"tilemix/mcu/packet"
	"tilemix/mcu/relay"
	"tilemix/mcu/scene"
)

// forwarder is a clock that mixes nothing, because another node does.
type forwarder struct{ *Clock }

// run sends what a relay pulls until ctx ends. It pulls while somebody listens.
func (c forwarder) run(ctx context.Context) {
	var pulling sync.WaitGroup
	defer pulling.Wait()
	var in *relay.Sound
	stop := func() {
		if in != nil {
			in.Close()
			in = nil
		}
	}
	defer stop()
	for {
		c.advance()
		heard := slices.ContainsFunc(c.cursor.Scene().Listeners, func(l scene.Listener) bool { return l.Stream != nil })
		if heard && in == nil {
			in = c.env.Relay.Sound(c.env.Stereo, c.env.Epoch)
			pulling.Go(in.Run)
		} else if !heard {
			stop()
		}
		var blocks <-chan packet.Packets
		if in != nil {
			blocks = in.Blocks()
		}
		select {
		case p := <-blocks:
			c.pass(p)
		case <-c.cursor.Superseded():
		case <-ctx.Done():
			return
		}
	}
}

// pass sends a block to all who listen.
func (c forwarder) pass(p packet.Packets) {
	start := time.Now()
	for _, l := range c.cursor.Scene().Listeners {
		if l.Stream != nil {
			l.Stream.Write(p, start)
		}
	}
	c.fan.Flush(time.Time{}, time.Now())
	p.Buffer.Release()
	c.spent.Add(int64(time.Since(start)))
}

// spread has the streams of a large room sent by writers.
func (c forwarder) spread(to []scene.Listener) {
	streams := 0
	for i := range to {
		if to[i].Stream != nil {
			streams++
		}
	}
	c.fan.Spread(streams)
	n := 0
	for i := range to {
		if to[i].Stream != nil {
			to[i].Stream.Assign(c.fan.Writer(n))
			n++
		}
	}
}
