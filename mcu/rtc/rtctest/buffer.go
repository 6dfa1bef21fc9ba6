package rtctest

import (
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/ingest"
)

const (
	// giveUp is how long a buffered client waits for a packet that is missing.
	giveUp = 500 * time.Millisecond
	// askAgain is how long it waits for an IDR before it asks again.
	askAgain = 500 * time.Millisecond
)

// picture is an access unit that is whole.
type picture struct {
	data      []byte
	timestamp uint32
}

// buffer puts the packets of a picture track in order. A packet that is missing
// holds up those behind it until it comes or giveUp is over. Then nothing is whole
// until the next IDR.
type buffer struct {
	packets map[uint16]arrival
	started bool
	next    uint16
	broken  bool // until the next IDR
	unit    []byte
	torn    bool // unit lacks a part
	format  format
}

// arrival is a packet and when it came.
type arrival struct {
	packet *rtp.Packet
	at     time.Time
}

// push takes a packet that came at now, and calls show with what is whole by it.
func (b *buffer) push(p *rtp.Packet, now time.Time, show func(picture)) {
	if !b.started {
		b.packets, b.started, b.next = map[uint16]arrival{}, true, p.SequenceNumber
	}
	if int16(p.SequenceNumber-b.next) < 0 {
		return // too late, or a duplicate
	}
	b.packets[p.SequenceNumber] = arrival{p, now}
	for len(b.packets) > 0 {
		if first, ok := b.packets[b.next]; ok {
			delete(b.packets, b.next)
			b.next++
			b.take(first.packet, show)
			continue
		}
		// What is missing was missed when what is behind it came.
		behind := b.next
		for b.packets[behind].packet == nil {
			behind++
		}
		if now.Sub(b.packets[behind].at) < giveUp {
			return
		}
		b.next, b.broken, b.torn = behind, true, true
	}
}

// take adds a packet to its access unit.
func (b *buffer) take(p *rtp.Packet, show func(picture)) {
	if part, err := b.format.depacketizer.Unmarshal(p.Payload); err == nil {
		b.unit = append(b.unit, part...)
	}
	if !p.Marker {
		return
	}
	if !b.torn && b.format.isKey(b.unit) {
		b.broken = false
	}
	if !b.torn && !b.broken && len(b.unit) > 0 {
		show(picture{b.unit, p.Timestamp})
	}
	b.unit, b.torn = b.unit[:0], false
}

// repair decodes a track through a buffer until it ends, and asks for an IDR where
// it needs one.
func (s *VideoSink) repair(track *webrtc.TrackRemote, ask func()) {
	b := buffer{format: formatOf(track.Codec().MimeType)}
	dec, err := b.format.newDecoder()
	if err != nil {
		s.fault("no decoder: %v", err)
		return
	}
	defer dec.Close()
	var asked time.Time
	show := func(p picture) {
		img, err := dec.Decode(p.data)
		if err != nil || img == nil {
			b.broken = true
			return
		}
		s.show(Picture{
			Image: img, Key: b.format.isKey(p.data), Timestamp: p.timestamp, At: time.Now(),
			Mixed: s.instant(p.timestamp, 90_000),
		})
	}
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		s.receive(p.Marker)
		now := time.Now()
		b.push(p, now, show)
		if b.broken && now.Sub(asked) > askAgain {
			asked = now
			ask()
		}
	}
}

// play plays a track through a jitter buffer until it ends: one block every 20 ms,
// from its first packet on, silence where there is nothing to play.
func (e *AudioSink) play(track *webrtc.TrackRemote) {
	dec, err := opus.NewDecoder()
	if err != nil {
		e.fault("no decoder: %v", err)
		return
	}
	voice := ingest.NewVoice(dec)
	defer voice.Close()
	ended, silent := make(chan struct{}), make(chan struct{})
	defer func() {
		close(ended)
		<-silent
	}()
	p, _, err := track.ReadRTP()
	go func() {
		defer close(silent)
		e.sound(voice, ended)
	}()
	for ; err == nil; p, _, err = track.ReadRTP() {
		e.receive(true)
		voice.Push(ingest.VoicePacket{Packet: p}, time.Now())
	}
}

// sound pulls a block every 20 ms until ended is closed. Those that a busy machine
// is late with follow at once.
func (e *AudioSink) sound(voice *ingest.Voice, ended <-chan struct{}) {
	tick := time.NewTicker(pcm.Duration)
	defer tick.Stop()
	var block pcm.Block
	for next := time.Now(); ; {
		for ; !next.After(time.Now()); next = next.Add(pcm.Duration) {
			voice.Pull(&block, time.Now())
			e.show(Sound{Block: block[:], At: next})
		}
		select {
		case <-tick.C:
		case <-ended:
			return
		}
	}
}

// receive counts a packet.
func (o *order) receive(unit bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.packets++
	if unit {
		o.units++
	}
}
