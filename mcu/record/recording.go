package record

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/codec/mp4"
	"tilemix/mcu/intake"
)

const (
	// keyInterval is the time between IDRs in a recording: where players can seek to,
	// and what a slow disk can cost.
	keyInterval = 4 * time.Second
	// pictureTime and packetTime are how long the last picture and packet last.
	pictureTime = time.Second / 30
	packetTime  = 20 * time.Millisecond
	// firstFragment is how soon there is something to play.
	firstFragment = 250 * time.Millisecond
)

// recording is one file that grows. It is safe for concurrent use. Its goroutine, run,
// writes what the queue holds.
type recording struct {
	id, room string
	dir      string
	file     *os.File
	queue    *intake.Queue
	log      *slog.Logger
	changed  func(Info) // called after each change of state

	size   atomic.Int64
	length atomic.Int64
	wake   chan struct{} // has run look whether there is a pause or an end
	done   chan struct{} // closed when run has ended
	tracks *tracks
	origin atomic.Int64 // of the mix, on the room's clock, in ns

	mu         sync.Mutex
	info       Info
	sink       *mixSink // the newest; nil: nothing more comes
	generation int      // of it
	ending     string   // why it ends, where nobody asked for it
	ends       bool     // somebody did, or the server stops
	stale      bool     // the file beside keeps a state before

	// Owned by run.
	out     *mp4.Writer
	voice   voice
	begun   bool
	current int           // the generation that is written
	shift   time.Duration // from the room's clock to the file's
	end     time.Duration // of what was written last, in the file
}

const (
	roomEnded   = "the room ended"
	interrupted = "interrupted: the server was not stopped in order"
)

// create opens the recording's files.
func (r *recording) create(cfg Config) error {
	var err error
	path := filepath.Join(r.dir, r.id+mediaFile)
	if r.file, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640); err != nil {
		return fmt.Errorf("%w: %s", ErrStorage, reason(err))
	}
	if err := r.info.save(r.dir); err != nil {
		r.discard()
		return fmt.Errorf("%w: %s", ErrStorage, reason(err))
	}
	config := mp4.Default()
	config.AAC = cfg.Audio == "aac"
	r.out = mp4.NewWriter(r.file, config)
	if r.voice, err = newVoice(cfg, r.out); err != nil {
		r.discard()
		return err
	}
	return nil
}

// discard takes away the files of a recording that did not begin.
func (r *recording) discard() {
	_ = r.file.Close()
	_ = os.Remove(r.file.Name())
	_ = os.Remove(filepath.Join(r.dir, r.id+infoFile))
}

// begin has the room fill the recording, and tell of its people.
func (r *recording) begin(rooms Rooms) error {
	untap, err := rooms.Tap(r.room, r.tracks)
	if err != nil {
		return err
	}
	if err := r.attach(rooms); err != nil {
		untap()
		return err
	}
	r.tracks.untap = untap
	go r.tracks.run()
	return nil
}

// note writes down who is there.
func (r *recording) note() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.queue != nil {
		r.info = r.measured()
		r.save()
	}
}

// run writes until nothing more comes or cannot be written.
func (r *recording) run() {
	defer close(r.done)
	err := r.pump()
	if closing := r.close(err); err == nil {
		err = closing
	}
	r.settle(err)
}

func (r *recording) pump() error {
	for {
		select {
		case u := <-r.queue.C:
			if err := r.take(u); err != nil {
				return err
			}
		case <-r.wake:
			over := r.left()
			if err := r.drain(); err != nil || over {
				return err
			}
			if err := r.out.Flush(); err != nil {
				return err
			}
			r.measure()
		}
	}
}

// drain writes what the queue holds now.
func (r *recording) drain() error {
	for {
		select {
		case u := <-r.queue.C:
			if err := r.take(u); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// take writes a unit and gives its memory back.
func (r *recording) take(u *intake.Unit) error {
	defer r.queue.Done(u)
	if !r.ready(u) {
		return nil
	}
	at := u.At + r.shift
	var err error
	if u.Video {
		err = r.out.WriteVideo(u.Data, at, pictureTime, u.Key)
		at += pictureTime
	} else {
		err = r.voice.write(u.Data, at)
		at += packetTime
	}
	if err != nil {
		return err
	}
	r.end = max(r.end, at)
	if r.out.Size() == 0 && r.out.Length() >= firstFragment {
		err = r.out.Flush()
	}
	r.measure()
	return err
}

// ready tells whether a unit is to be written. A file begins, and goes on after a
// pause, with an IDR, which follows what is there.
func (r *recording) ready(u *intake.Unit) bool {
	if r.begun && u.Generation == r.current {
		return true
	}
	if !u.Video || !u.Key || u.Generation < r.current {
		return false
	}
	if r.begun {
		before := r.shift
		r.shift = r.end - u.At
		r.mu.Lock()
		r.info.Pauses = append(slices.Clone(r.info.Pauses), Pause{r.out.Length().Seconds(), (before - r.shift).Seconds()})
		r.mu.Unlock()
	} else {
		r.origin.Store(int64(u.At))
	}
	r.begun, r.current = true, u.Generation
	return true
}

// measure tells the others how far the file is.
func (r *recording) measure() {
	before := r.size.Swap(r.out.Size())
	r.length.Store(int64(r.out.Length()))
	if before > 0 || r.out.Size() == 0 {
		return
	}
	r.mu.Lock()
	if r.info.State != Starting {
		r.mu.Unlock()
		return
	}
	info := r.move(Recording)
	r.mu.Unlock()
	r.changed(info)
}

// close ends the file: with an index, or, where it could not be written, behind its
// last whole fragment.
func (r *recording) close(failed error) error {
	voice := r.voice.close(failed == nil)
	err := errors.Join(failed, voice)
	if closing := r.out.Close(); err == nil {
		err = closing
	}
	r.measure()
	if err != nil {
		r.length.Store(int64(r.out.Written()))
		err = errors.Join(err, r.file.Truncate(r.out.Size()))
	}
	// Once it is finished, it is to outlive the machine's power too.
	return errors.Join(err, r.file.Sync(), r.file.Close())
}

// settle gives the recording its last state.
func (r *recording) settle(err error) {
	r.tracks.untap()
	close(r.tracks.stop)
	<-r.tracks.done
	r.mu.Lock()
	k := r.sink
	r.sink = nil
	if k != nil {
		k.shut.Store(true)
	}
	last := Finished
	r.info.Reason, r.info.Ended = r.ending, time.Now().UTC()
	switch {
	case err != nil:
		last, r.info.Reason = Failed, reason(err)
		r.log.Error("recording failed", "error", err)
	case r.size.Load() == 0:
		last, r.info.Reason = Failed, "no picture came"
	}
	info := r.move(last)
	// Info is all that is kept of a recording that has ended.
	r.queue, r.tracks, r.out, r.voice = nil, nil, nil, nil
	r.mu.Unlock()
	if k != nil && k.detach != nil {
		k.detach()
	}
	r.log.Info("recording ended", "state", info.State, "reason", info.Reason, "seconds", info.Length, "bytes", info.Size)
	r.changed(info)
}

// move gives the recording another state. The caller holds r.mu, and tells of it.
func (r *recording) move(to State) Info {
	r.info.State = to
	r.info = r.measured()
	r.save()
	return r.info
}

// save writes down what state it is in. Where that fails, the file beside keeps the
// state before, until catchUp. The caller holds r.mu.
func (r *recording) save() {
	err := r.info.save(r.dir)
	r.stale = err != nil
	if err != nil {
		r.log.Error("state of a recording not written", "error", err)
	}
}

// catchUp writes down its last state where that was not possible before: the next server
// would take it for one that was cut off, and tell of its end again.
func (r *recording) catchUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stale && r.info.State.Ended() {
		r.save()
	}
}

// Info returns what there is to know now.
func (r *recording) Info() Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.measured()
}

// measured is info with the numbers of the moment, while it grows. The caller holds r.mu.
func (r *recording) measured() Info {
	i := r.info
	if r.queue != nil {
		i.Size, i.Length = r.size.Load(), time.Duration(r.length.Load()).Seconds()
		i.Participants = *r.tracks.people.Load()
		if origin := r.origin.Load(); origin != 0 {
			i.Start = r.tracks.seconds(time.Duration(origin))
		}
		i.DroppedTracks = r.tracks.lost.Load()
		i.DroppedPictures, i.DroppedPackets = r.queue.Dropped()
	}
	return i
}
