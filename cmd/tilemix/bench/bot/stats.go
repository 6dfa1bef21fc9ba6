package bot

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// Stats are what a bot has sent and received so far.
type Stats struct {
	Picture, Sound Stream
	// Connected is the time from joining until media can flow.
	Connected time.Duration
	// Pictures and Sent are the pictures and all packets sent.
	Pictures, Sent uint64
	// Sends is the variant of the clip that the bot sends, nil for none.
	Sends *Variant
	// Uplinks counts the uplink messages that the bot obeyed. KeyRequests counts the
	// server's requests for an IDR.
	Uplinks, KeyRequests uint64
}

// Stream is what a bot received of one stream of the mix.
type Stream struct {
	Packets, Bytes, Lost uint64
	Units                uint64        // complete pictures, or packets of sound
	Broken               uint64        // pictures that lack packets
	Leaps                uint64        // packets of sound whose timestamp does not follow
	Undecipherable       uint64        // packets that the bot tried to decrypt and could not
	First                time.Duration // from joining to the first decodable unit; 0: none
	Longest              time.Duration // between two units since ResetLongest
}

// Stats returns what the bot has sent and received so far.
func (b *Bot) Stats() Stats {
	return Stats{
		Connected: time.Duration(b.connected.Load()),
		Picture:   b.receiver.video.stats(), Sound: b.receiver.audio.stats(),
		Uplinks: b.wishes.uplinks.Load(), KeyRequests: b.wishes.keyRequests.Load(),
		Sent: b.sender.packets.Load(), Pictures: b.sender.pictures.Load(), Sends: b.wishes.variant.Load(),
	}
}

// ResetLongest forgets the longest pauses so far.
func (b *Bot) ResetLongest() {
	b.receiver.video.longest.Store(0)
	b.receiver.audio.longest.Store(0)
}

func (s *inbound) stats() Stream {
	return Stream{
		Packets: s.packets.Load(), Bytes: s.bytes.Load(), Lost: s.lost.Load(), Units: s.units.Load(),
		Broken: s.broken.Load(), Leaps: s.leaps.Load(), Undecipherable: s.undecipherable.Load(),
		First: time.Duration(s.first.Load()), Longest: time.Duration(s.longest.Load()),
	}
}

// Punctuality says whether a crowd could keep up.
type Punctuality struct {
	Done     uint64 // tasks
	Late     uint64 // tasks later than 5 ms
	VeryLate uint64 // tasks later than 20 ms
	Skipped  uint64 // tasks later than tooLate; the crowd left out what they missed
	Failed   uint64 // writes that failed
	Dropped  uint64 // datagrams that the kernel dropped before they were read
}

// Punctuality returns how well the crowd has kept up so far.
func (c *Crowd) Punctuality() Punctuality {
	p := Punctuality{Skipped: c.stats.skipped.Load(), Failed: c.stats.failed.Load(), Dropped: c.wire.dropped()}
	for i := range c.stats.buckets {
		n := c.stats.buckets[i].Load()
		p.Done += n
		if i > 5 {
			p.Late += n
		}
		if i > 7 {
			p.VeryLate += n
		}
	}
	return p
}

// dropped reads how many datagrams the kernel dropped before the crowd read them
// (proc_net_udp(5)). It returns 0 if the kernel does not say.
func (w *wire) dropped() uint64 {
	data, err := os.ReadFile("/proc/self/net/udp")
	if err != nil {
		return 0
	}
	local := ":" + strings.ToUpper(strconv.FormatUint(uint64(w.port)|1<<16, 16)[1:])
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) > 12 && strings.HasSuffix(f[1], local) {
			n, _ := strconv.ParseUint(f[len(f)-1], 10, 64)
			return n
		}
	}
	return 0
}
