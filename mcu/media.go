package mcu

import (
	"image"
	"slices"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec"
	"tilemix/codec/opus"
	"tilemix/codec/table"
	"tilemix/mcu/ingest"
)

// track is what feeds a camera or a microphone: an [rtc.Track], or what is played.
type track interface {
	Source
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

// runVideo feeds a camera until its track ends. When it goes on in another codec,
// that is another camera.
func (p *Participant) runVideo(t cameraTrack) {
	if p.viewer {
		return
	}
	for p.runCamera(t, t.Codec()) {
	}
}

// runCamera feeds a camera while its track is of one codec. It returns false when
// the track has ended.
func (p *Participant) runCamera(t cameraTrack, kind codec.Kind) (more bool) {
	spoken := table.Of(kind)
	dec, err := spoken.NewDecoder()
	if err != nil {
		p.log.Error("no decoder for a camera", "codec", kind, "error", err)
		return false
	}
	stats := p.room.server.stats
	v := ingest.NewVideo(ingest.VideoConfig{
		Decoder: dec, Joiner: spoken.NewJoiner(), Pool: p.room.pool, Turns: p.room.server.turns, RequestKeyFrame: t.RequestKeyFrame,
		Reassembled: stats.reassemble, Decoded: stats.decode, Skew: stats.lipSync,
		Tap: func(n uint64, au []byte, due, captured time.Time, timestamp uint32) bool {
			return p.tapPicture(spoken, n, au, Instant{due.Sub(p.room.epoch), captured, timestamp})
		},
	})
	defer v.Stop()
	defer stats.countVideo(v)()
	if !p.room.call(func() { p.setVideo(v) }) {
		v.Release()
		return false
	}
	var packet rtp.Packet
	var limiter limiter
	for t.Read(&packet) == nil {
		if t.Codec() != kind {
			more = true
			break
		}
		if ntp, timestamp, fresh := t.Reported(); fresh {
			v.Report(ntp, timestamp)
		}
		now := time.Now()
		v.Wait(t.Patience())
		v.Busy(t.Busy(now))
		v.Push(&packet, now)
		limiter.limit(t, p.limit.Load(), now)
	}
	p.forget(v, more)
	return more
}

// setVideo makes v, or none, the participant's camera.
func (p *Participant) setVideo(v *ingest.Video) {
	if !slices.Contains(p.room.members, p) {
		v.Release()
		return
	}
	if p.video != nil {
		p.video.Show(image.Point{}, time.Time{}) // its track may go on
		p.room.leaving = append(p.room.leaving, departed{p: p, video: p.video})
	}
	p.video = v
	p.room.publish()
}

// runAudio feeds a microphone until its track ends.
func (p *Participant) runAudio(t track) {
	if p.viewer {
		return
	}
	dec, err := opus.NewDecoder()
	if err != nil {
		p.log.Error("no decoder for a microphone", "error", err)
		return
	}
	v := ingest.NewVoice(dec)
	defer p.room.server.stats.countVoice(v)()
	if !p.room.call(func() { p.setVoice(v) }) {
		v.Close()
		return
	}
	var packet rtp.Packet
	for t.Read(&packet) == nil {
		if ntp, timestamp, fresh := t.Reported(); fresh {
			v.Report(ntp, timestamp)
		}
		level, ok := t.Level(&packet)
		now := time.Now()
		v.Push(ingest.VoicePacket{Packet: &packet, Level: level, HasLevel: ok, Retransmitted: t.Retransmitted()}, now)
		for _, tap := range p.room.tapped() {
			tap.Sound(p.public, packet.Payload, Instant{
				now.Sub(p.room.epoch), v.Captured(packet.Timestamp), packet.Timestamp,
			})
		}
	}
	p.room.post(func() {
		if p.voice == v {
			p.setVoice(nil)
		}
	})
}

// setVoice makes v, or none, the participant's microphone.
func (p *Participant) setVoice(v *ingest.Voice) {
	if !slices.Contains(p.room.members, p) {
		v.Close()
		return
	}
	if p.voice != nil {
		p.room.leaving = append(p.room.leaving, departed{p: p, voice: p.voice})
	}
	p.voice = v
	p.room.publish()
}
