package record

import (
	"context"
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
	"tilemix/mcu/folder"
	"tilemix/mcu/intake"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/views"
)

// Reasons why a recording ended that no client stopped.
const (
	roomEnded   = "the room ended"
	interrupted = "interrupted: the server was not stopped in order"
)

// recording is a recording of a room, of this run or an earlier one. It is safe for concurrent use.
// Its goroutine, run, writes what the queue holds. Its ledger has one more.
type recording struct {
	id, room string
	dir      string
	began    time.Time
	log      *slog.Logger
	changed  func(news sidecar.Info, again bool) // called after each change of state; again: it was paused before

	wake chan struct{} // has run look for a pause or an end
	done chan struct{} // closed when run has ended

	source handle // of the room's media; set before create

	ledger    *sidecar.Ledger // nil: of an earlier run
	keeping   sync.WaitGroup  // of the ledger's goroutine
	endLedger func()          // begin sets it

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
	view       views.Wish
}

// create makes the recording's files, and starts what its sound needs.
func (r *recording) create() error {
	file, err := makeMedia(r.dir, r.id)
	if err != nil {
		return err
	}
	r.mu.Lock() // the recorder's patrol looks at the file already
	r.mix.file = file
	r.mu.Unlock()
	if err := r.mix.create(r.info, r.source.AudioChannels()); err != nil {
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

// begin attaches the recording to its room, and starts the goroutines of the tracks and the ledger.
func (r *recording) begin() error {
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
	var ctx context.Context
	ctx, r.endLedger = context.WithCancel(context.Background())
	r.keeping.Go(func() { _ = r.ledger.Run(ctx) })
	return nil
}

// missing says that the room has ended, if that is the error.
func (r *recording) missing(err error) error {
	if errors.Is(err, mcu.ErrClosed) {
		return fmt.Errorf("room %q: %w", r.room, mcu.ErrNotFound)
	}
	return err
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
	r.publish(info, again)
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
	r.endLedger()
	r.keeping.Wait()
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
	r.publish(info, again)
}

// move changes the state. The caller holds r.mu, and calls publish afterwards.
func (r *recording) move(to sidecar.State) sidecar.Info {
	r.info.State = to
	r.info = r.measured()
	return r.info
}

// publish saves a new state, and has others told of it. The caller does not hold r.mu.
func (r *recording) publish(info sidecar.Info, again bool) {
	r.ledger.Save()
	r.changed(info, again)
}

// over says that the recording has ended.
func (r *recording) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.info.State.Ended()
}

// taken says that the file was taken away from the recording.
func (r *recording) taken() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mix != nil && r.mix.file != nil && folder.Taken(r.mix.file)
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
