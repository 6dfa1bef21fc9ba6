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
	"tilemix/mcu/folder"
	"tilemix/mcu/record/sidecar"
)

const (
	// maxWaiting is how many packets of sound wait for late ones: 320 ms of the shortest.
	maxWaiting = 128
	// maxLate is how late sound may become because more comes than time passes, as from a clock that
	// is fast. Then a packet is left out.
	maxLate = 50 * time.Millisecond
)

// noPicture is why a track of a camera has no file.
const noPicture = "no key frame with parameter sets came, so no picture could be decoded"

// trackFile is the file of a track. Its file is made with its first fragment, so there is none without a
// picture. The zero value has not begun.
type trackFile struct {
	of   *participantTracks
	as   sidecar.Track
	out  *mp4.Writer // nil before it has begun, and once it has ended
	file *os.File    // nil before the first fragment
	// track is its place in participantTracks.Tracks, from the first fragment on.
	track int
	ended bool
}

// Write appends to the file.
func (r *trackFile) Write(b []byte) (int, error) {
	if r.file == nil {
		if err := r.create(); err != nil {
			return 0, err
		}
	}
	return r.file.Write(b)
}

// WriteAt writes the file's beginning anew.
func (r *trackFile) WriteAt(b []byte, at int64) (int, error) { return r.file.WriteAt(b, at) }

// Sync has the storage take what was written.
func (r *trackFile) Sync() error { return r.file.Sync() }

// create makes the file, and lists the track.
func (r *trackFile) create() (err error) {
	l := r.of.line
	name := fmt.Sprintf("%s-%03d-%s-%s%s", l.id, r.of.order, r.of.ID, r.as.Kind, mediaFile)
	if r.file, err = os.OpenFile(filepath.Join(l.dir, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640); err != nil {
		return err
	}
	r.as.File, r.as.Start = name, l.seconds(r.out.Start())
	r.list()
	return nil
}

// list lists the track.
func (r *trackFile) list() {
	r.track = len(r.of.Tracks)
	r.of.line.Edit(func() { r.of.Tracks = append(r.of.Tracks, r.as) })
	r.of.line.changed()
}

// end ends the file with an index. If it cannot be written, the file is cut behind its last whole
// fragment, and the track says why.
func (r *trackFile) end(err error) {
	if r.out == nil {
		r.ended = true
		return
	}
	if err == nil {
		err = r.out.Close()
	}
	switch {
	case r.file != nil && folder.Taken(r.file):
		err = errTaken
	case err == nil && r.file == nil && r.as.Kind == "video":
		err = errors.New(noPicture)
	}
	if err != nil {
		r.of.log.Error("track ended early", "kind", r.as.Kind, "error", err)
		r.blame(err)
	}
	if r.file != nil {
		_ = r.file.Close()
	}
	*r = trackFile{ended: true}
}

// blame has the track say why it ends. A file without a whole fragment is removed.
func (r *trackFile) blame(err error) {
	if r.file == nil {
		r.as.Reason = reason(err)
		r.list()
		return
	}
	taken := errors.Is(err, errTaken)
	gone := taken || r.out.Size() == 0
	switch {
	case taken:
	case gone:
		_ = os.Remove(r.file.Name())
	default:
		_ = r.file.Truncate(r.out.Size())
	}
	r.of.line.Edit(func() {
		track := &r.of.Tracks[r.track]
		track.Reason = reason(err)
		if gone {
			track.File = ""
		}
	})
}

// late returns how much later than at a file would have what is written next.
func (r *trackFile) late(at time.Duration) time.Duration { return r.out.Start() + r.out.Length() - at }

// participantTracks is what the timeline has of one participant, and writes the participant's files.
// It belongs to the timeline's goroutine.
type participantTracks struct {
	*sidecar.Person // in the line's Roster
	line            *timeline
	log             *slog.Logger
	order           int

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
	if !f.open(&f.video, sidecar.Track{Kind: "video", Codec: "h264"}) {
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
		if !f.open(&f.audio, sidecar.Track{Kind: "audio", Codec: "opus"}) {
			break
		}
		f.written, f.last = true, one.timestamp
		if f.audio.late(at) > maxLate {
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

// open begins a track if it has not begun. It returns false if nothing more of the track is written.
func (f *participantTracks) open(r *trackFile, as sidecar.Track) bool {
	if r.out == nil && !r.ended {
		config := mp4.Default()
		config.Video, config.Audio, config.Channels, config.Header = as.Kind == "video", as.Kind == "audio", 2, r
		config.Created, config.Title = time.Now(), f.Name
		*r = trackFile{of: f, as: as, out: mp4.NewWriter(r, config)}
	}
	return !r.ended
}

// fail ends a track that cannot be written.
func (f *participantTracks) fail(r *trackFile, err error) {
	r.end(err)
	f.line.changed()
}

// fault ends both files because of an error that is not the disk's.
func (f *participantTracks) fault(err error) {
	f.waiting = nil
	f.video.end(err)
	f.fail(&f.audio, err)
}

// close ends the participant's files.
func (f *participantTracks) close() {
	f.release(1 << 62)
	f.video.end(nil)
	f.audio.end(nil)
}
