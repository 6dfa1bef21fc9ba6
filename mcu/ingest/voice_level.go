package ingest

import (
	"math"

	"tilemix/codec/pcm"
	"tilemix/mcu/jitter"
)

const (
	// contradiction is by how much a measured level differs from one that cannot be right, in dB.
	contradiction = 20
	// audible is the level from which on a difference matters, in -dBov.
	audible = 60
	// doubted and believed are for how many blocks levels have to be wrong, and then right, until
	// they are not believed, and are again: a second, and five.
	doubted, believed = 50, 250
	// deepSilence is what a decoder makes of digital silence, in -dBov, or less.
	deepSilence = 100
	// stillCheck is how often a packet that is said to be silent is decoded all the same.
	stillCheck = 50
)

// levels decides whether a sender's own levels (RFC 6464) are believed. Some senders write 127
// all the time, which is silence, or 0. The zero value believes.
type levels struct {
	wrong, right int // blocks
	doubts       bool

	still     int // packets of digital silence in a row
	stillSize int // the longest that was silence in truth, in bytes
}

// level returns what counts of a level that the sender says and the one that was measured.
func (l *levels) level(said, measured uint8) uint8 {
	differ := int(said) - int(measured)
	if min(said, measured) < audible && max(differ, -differ) > contradiction {
		l.wrong, l.right = l.wrong+1, 0
	} else {
		l.wrong, l.right = max(l.wrong-1, 0), l.right+1
	}
	switch {
	case l.wrong >= doubted:
		l.doubts = true
	case l.right >= believed:
		l.doubts = false
	}
	if l.doubts {
		return measured
	}
	return said
}

// isStill tells whether a packet need not be decoded, because it is digital silence like those
// before it. One in a second is decoded, to see whether that is true.
func (l *levels) isStill(p *jitter.Packet) bool {
	if !p.HasLevel || p.Level != pcm.Silence {
		l.still = 0
		return false
	}
	if len(p.Payload) > l.stillSize {
		return false
	}
	l.still++
	return l.still > stillPackets && l.still%stillCheck != 0
}

// decoded learns from a packet that was decoded.
func (l *levels) decoded(p *jitter.Packet, sound []float32) {
	if !p.HasLevel || p.Level != pcm.Silence {
		return
	}
	if pcm.Level(sound) >= deepSilence {
		l.stillSize = max(l.stillSize, len(p.Payload))
		return
	}
	if l.still > stillPackets {
		l.stillSize = 0
	}
	l.still = 0
}

const (
	// fullScale is the magnitude of samples that a sender cut off, and fullSamples (3) how many of
	// them a packet has that counts as clipped: one alone may be Opus's own.
	fullScale, fullSamples = 0.99, 3
	// hearing is over how many blocks a level is averaged: half a second.
	hearing = 25
)

// clips tells whether a packet's sound was cut off by its sender.
func clips(sound []float32) bool {
	n := 0
	for _, s := range sound {
		if s >= fullScale || s <= -fullScale {
			n++
		}
	}
	return n >= fullSamples
}

// hear takes the level of the block that is played. It belongs to the play half.
func (c *counters) hear(level uint8) {
	power := 0.0
	if level < deepSilence {
		c.sounding.Add(1)
		power = math.Pow(10, -float64(level)/10)
	}
	before := math.Float64frombits(c.power.Load())
	c.power.Store(math.Float64bits(before + (power-before)/hearing))
}

// loudness is the level of what was played lately, in dBov.
func (c *counters) loudness() float64 {
	return max(10*math.Log10(math.Float64frombits(c.power.Load())), -float64(pcm.Silence))
}
