package record

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/intake"
	"tilemix/mcu/record/sidecar"
)

// Reasons why a recording ended that no client stopped.
const (
	roomEnded   = "the room ended"
	interrupted = "interrupted: the server was not stopped in order"
)

// recording is a recording of a room, of this run or an earlier one. It is safe for concurrent use.
// Its goroutine, run, writes what the queue holds.
type recording struct {
	id, room string
	dir      string
	log      *slog.Logger
	changed  func(news sidecar.Info, again bool) // called after each change of state; again: it was paused before

	wake chan struct{} // has run look for a pause or an end
	done chan struct{} // closed when run has ended

	source handle // of the room's media; begin sets it

	// Set before run, and nil once it has ended. Guarded by mu for others than run.
	queue  *intake.Queue
	tracks *tracks
	mix    *mixFile

	mu         sync.Mutex
	info       sidecar.Info
	sink       *mixSink // the newest; nil: nothing more comes
	generation int      // of it
	ending     string   // why the recording ends, if no client stopped it
	ends       bool     // a client or the server's end stopped it
	again      bool     // it was paused after its first bytes
	stale      bool     // the file beside it has an earlier state
}

// create makes the recording's files, and starts what its sound needs.
func (r *recording) create() error {
	if err := r.mix.create(r.dir, r.id, r.info.Audio); err != nil {
		return err
	}
	if err := r.info.Save(r.dir); err != nil {
		r.discard()
		return fmt.Errorf("%w: %s", ErrStorage, reason(err))
	}
	if err := r.mix.voice.start(); err != nil {
		r.discard()
		return err
	}
	return nil
}

// discard removes the files of a recording that did not begin.
func (r *recording) discard() {
	r.mix.discard()
	_ = os.Remove(filepath.Join(r.dir, r.id+sidecar.Ending))
}

// begin attaches the recording to its room, and starts the goroutine of the tracks.
func (r *recording) begin(room func(name string) (handle, error)) error {
	var err error
	if r.source, err = room(r.room); err != nil {
		return err
	}
	untap, err := r.source.Tap(r.tracks)
	if err != nil {
		return r.missing(err)
	}
	if err := r.attach(); err != nil {
		untap()
		return err
	}
	r.tracks.untap = untap
	go r.tracks.run()
	return nil
}

// missing says that the room has ended, if that is the error.
func (r *recording) missing(err error) error {
	if errors.Is(err, mcu.ErrClosed) {
		return fmt.Errorf("room %q: %w", r.room, mcu.ErrNotFound)
	}
	return err
}

// note saves which participants are present.
func (r *recording) note() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.queue != nil {
		r.info = r.measured()
		r.save()
	}
}

// run writes until nothing more comes or the disk fails.
func (r *recording) run() {
	defer close(r.done)
	err := r.pump()
	if closing := r.mix.close(err); err == nil {
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
			if err := r.mix.flush(); err != nil {
				return err
			}
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
	return r.mix.write(u)
}

// grown is called when the file has its first bytes.
func (r *recording) grown() {
	r.mu.Lock()
	if r.info.State != sidecar.Starting {
		r.mu.Unlock()
		return
	}
	info, again := r.move(sidecar.Recording), r.again
	r.mu.Unlock()
	r.changed(info, again)
}

// resumed is called when the mix goes on after a pause.
func (r *recording) resumed(p sidecar.Pause) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.info.Pauses = append(slices.Clone(r.info.Pauses), p)
}

// settle gives the recording its final state.
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
	last := sidecar.Finished
	r.info.Reason, r.info.Ended = r.ending, time.Now().UTC()
	switch {
	case err != nil:
		last, r.info.Reason = sidecar.Failed, reason(err)
		r.log.Error("recording failed", "error", err)
	case r.mix.size.Load() == 0:
		last, r.info.Reason = sidecar.Failed, "no picture came"
	}
	info, again := r.move(last), r.again
	// Of a recording that has ended, info alone is kept.
	r.queue, r.tracks, r.mix = nil, nil, nil
	r.mu.Unlock()
	if k != nil && k.detach != nil {
		k.detach()
	}
	r.log.Info("recording ended", "state", info.State, "reason", info.Reason, "seconds", info.Length, "bytes", info.Size)
	r.changed(info, again)
}

// move changes the state. The caller holds r.mu, and calls changed afterwards.
func (r *recording) move(to sidecar.State) sidecar.Info {
	r.info.State = to
	r.info = r.measured()
	r.save()
	return r.info
}

// save saves the state. If that fails, the file beside keeps the state before until catchUp. The
// caller holds r.mu.
func (r *recording) save() {
	err := r.info.Save(r.dir)
	r.stale = err != nil
	if err != nil {
		r.log.Error("state of a recording not written", "error", err)
	}
}

// catchUp saves a final state that could not be saved before. Otherwise the next server would take the
// recording for one that was cut off, and emit its end again.
func (r *recording) catchUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stale && r.info.State.Ended() {
		r.save()
	}
}

// Info returns the state and the numbers of now.
func (r *recording) Info() sidecar.Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.measured()
}

// measured returns info with the numbers of now, while the file grows. The caller holds r.mu.
func (r *recording) measured() sidecar.Info {
	i := r.info
	if r.queue != nil {
		i.Size, i.Length = r.mix.size.Load(), time.Duration(r.mix.length.Load()).Seconds()
		i.Participants, i.ParticipantsOmitted = r.tracks.Everybody(), r.tracks.Omitted()
		if origin := r.mix.origin.Load(); origin != 0 {
			i.Start = r.tracks.seconds(time.Duration(origin))
		}
		i.DroppedTracks = r.tracks.lost.Load()
		i.DroppedPictures, i.DroppedPackets = r.queue.Dropped()
	}
	return i
}

// reason says what went wrong with a file, and not where, because paths of the server belong into its
// log alone.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Op + ": " + p.Err.Error()
	}
	return err.Error()
}
