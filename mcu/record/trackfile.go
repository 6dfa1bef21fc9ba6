package record

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tilemix/codec/mp4"
	"tilemix/codec/pcm"
	"tilemix/mcu/record/sidecar"
)

const (
	// maxWaiting is how many packets of sound wait for late ones: 320 ms of the shortest.
	maxWaiting = 128
	// maxLate is how late sound may become because more comes than time passes, as from a clock that
	// is fast. Then a packet is left out.
	maxLate = 50 * time.Millisecond
)

// trackFile is the file of a track. The zero value has not begun.
type trackFile struct {
	out   *mp4.Writer // nil before it has begun, and once it has ended
	file  *os.File
	track int // its place in participantTracks.Tracks
	begin time.Duration
	ended bool
}

// end returns where the file ends, on the room's clock.
func (r *trackFile) end() time.Duration { return r.begin + r.out.Length() }

// participantTracks is what the timeline has of one participant, and writes the participant's files.
// It belongs to the timeline's goroutine.
type participantTracks struct {
	sidecar.Person
	line  *timeline
	log   *slog.Logger
	order int

	video, audio trackFile

	waiting []queuedPacket // by their timestamps
	written bool
	last    uint32 // timestamp that was written last

	clock senderClock
}

// queuedPacket is a packet of sound that may wait for an earlier one.
type queuedPacket struct {
	data      []byte
	sent      time.Duration // by the sender's count of time
	arrived   time.Duration
	timestamp uint32
}

// transit is how much later it arrived than it was sent, by two clocks.
func (q queuedPacket) transit() time.Duration { return q.arrived - q.sent }

// picture writes an access unit.
func (f *participantTracks) picture(p *piece) {
	at := f.clock.place(p.at)
	if !f.open(&f.video, sidecar.Track{Kind: "video", Codec: "h264"}, at) {
		return
	}
	if err := f.video.out.WriteVideo(p.data, at, pictureTime, p.key); err != nil {
		f.fail(&f.video, err)
	}
}

// sound queues a packet by its timestamp, and writes those that have waited for long enough.
func (f *participantTracks) sound(p *piece) {
	if f.audio.ended {
		return
	}
	one := queuedPacket{bytes.Clone(p.data), f.clock.hear(p.at), p.at.Arrived, p.at.Timestamp}
	i, _ := slices.BinarySearchFunc(f.waiting, one, func(a, b queuedPacket) int { return int(int32(a.timestamp - b.timestamp)) })
	f.waiting = slices.Insert(f.waiting, i, one)
	until := p.at.Arrived - reorder
	if len(f.waiting) >= maxWaiting { // falling timestamps would wait for ever
		until = 1 << 62
	}
	f.release(until)
}

// release writes the packets that arrived until an instant.
func (f *participantTracks) release(until time.Duration) {
	n := 0
	for ; n < len(f.waiting) && f.waiting[n].arrived <= until && !f.audio.ended; n++ {
		one := f.waiting[n]
		if f.written && int32(one.timestamp-f.last) <= 0 && f.last-one.timestamp < 10*pcm.Rate {
			continue // a duplicate
		}
		at := f.clock.settle(one.sent, f.leastTransit(n), one.arrived)
		if !f.open(&f.audio, sidecar.Track{Kind: "audio", Codec: "opus"}, at) {
			break
		}
		f.written, f.last = true, one.timestamp
		if f.audio.end()-at > maxLate {
			continue
		}
		switch err := f.audio.out.WriteAudio(one.data, at); {
		case errors.Is(err, mp4.ErrPacket):
			f.line.lost.Add(1)
		case err != nil:
			f.fail(&f.audio, err)
		}
	}
	f.waiting = slices.Delete(f.waiting, 0, n)
}

// leastTransit returns the least transit of a packet that waits and those behind it, but for packets of
// another clock.
func (f *participantTracks) leastTransit(n int) time.Duration {
	own := f.waiting[n].transit()
	least := own
	for _, q := range f.waiting[n:] {
		if t := q.transit(); own-t <= jumped {
			least = min(least, t)
		}
	}
	return least
}

// open makes a track's file if there is none yet. It returns false if nothing more of the track is
// written.
func (f *participantTracks) open(r *trackFile, as sidecar.Track, at time.Duration) bool {
	if r.out != nil || r.ended {
		return !r.ended
	}
	as.Start = f.line.seconds(at)
	name := fmt.Sprintf("%s-%03d-%s-%s%s", f.line.id, f.order, f.ID, as.Kind, mediaFile)
	file, err := os.OpenFile(filepath.Join(f.line.dir, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640)
	if err != nil {
		r.ended, as.Reason = true, reason(err)
		f.log.Error("track not recorded", "error", err)
	} else {
		as.File = name
		config := mp4.Default()
		config.Video, config.Audio, config.Channels = as.Kind == "video", as.Kind == "audio", 2
		*r = trackFile{out: mp4.NewWriter(file, config), file: file, track: len(f.Tracks), begin: at}
	}
	f.Tracks = append(f.Tracks, as)
	f.line.publish()
	return !r.ended
}

// fail ends a track that cannot be written.
func (f *participantTracks) fail(r *trackFile, err error) {
	f.end(r, err)
	f.line.publish()
}

// end ends a track's file with an index. If it cannot be written, the file is cut behind its last
// whole fragment, and the track says why.
func (f *participantTracks) end(r *trackFile, err error) {
	if r.out != nil {
		if err == nil {
			err = r.out.Close()
		}
		if err != nil {
			f.Tracks[r.track].Reason = reason(err)
			f.log.Error("track ended early", "kind", f.Tracks[r.track].Kind, "error", err)
			_ = r.file.Truncate(r.out.Size())
		}
		_ = r.file.Close()
	}
	*r = trackFile{ended: true}
}

// fault ends both files because of an error that is not the disk's.
func (f *participantTracks) fault(err error) {
	f.waiting = nil
	f.end(&f.video, err)
	f.fail(&f.audio, err)
}

// close ends the participant's files.
func (f *participantTracks) close() {
	f.release(1 << 62)
	f.end(&f.video, nil)
	f.end(&f.audio, nil)
}
