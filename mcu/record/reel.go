package record

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tilemix/codec/mp4"
)

// reel is the file of a track.
type reel struct {
	out   *mp4.Writer // nil before it has begun, and once it has ended
	file  *os.File
	track int // its place in feed.Tracks
	ended bool
}

// open makes a track's file, where it is not there yet. It returns false where nothing more
// of it is written.
func (t *tracks) open(f *feed, r *reel, as Track, at time.Duration) bool {
	if r.out != nil || r.ended {
		return !r.ended
	}
	as.Start = t.seconds(at)
	name := fmt.Sprintf("%s-%03d-%s-%s%s", t.id, f.order, f.ID, as.Kind, mediaFile)
	file, err := os.OpenFile(filepath.Join(t.dir, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640)
	if err != nil {
		r.ended, as.Reason = true, reason(err)
		t.log.Error("track not recorded", "of", f.ID, "error", err)
	} else {
		as.File = name
		config := mp4.Default()
		config.Video, config.Audio, config.Channels = as.Kind == "video", as.Kind == "audio", 2
		*r = reel{out: mp4.NewWriter(file, config), file: file, track: len(f.Tracks)}
	}
	f.Tracks = append(f.Tracks, as)
	t.publish()
	return !r.ended
}

// fail ends a track where it cannot be written.
func (t *tracks) fail(f *feed, r *reel, err error) {
	t.end(f, r, err)
	t.publish()
}

// end ends a track's file: with an index, or, where it could not be written, behind its
// last whole fragment, and the time line says why.
func (t *tracks) end(f *feed, r *reel, err error) {
	if r.out != nil {
		if err == nil {
			err = r.out.Close()
		}
		if err != nil {
			f.Tracks[r.track].Reason = reason(err)
			t.log.Error("track ended early", "of", f.ID, "kind", f.Tracks[r.track].Kind, "error", err)
			_ = r.file.Truncate(r.out.Size())
		}
		_ = r.file.Close()
	}
	*r = reel{ended: true}
}

// close ends a participant's files.
func (t *tracks) close(f *feed) {
	t.release(f, 1<<62)
	t.end(f, &f.video, nil)
	t.end(f, &f.audio, nil)
}
