package worker

import (
	"sync/atomic"
	"time"

	"tilemix/codec/opus"
)

const (
	// looks (30 ms) is after how long a worker that does not answer is looked at: it may have been
	// stopped. again (100 ms) is from when on it is looked at once more.
	looks, again = 30 * time.Millisecond, 100 * time.Millisecond
	// mostCaughtUp is how many orders a round has, at most, before a voice's past is added. Each takes time, for
	// which all wait.
	mostCaughtUp = 64
)

// lane is one worker that decodes voices of a batch: what it is asked for now, and what it still has to
// answer. It leaves its worker only between ticks, because voices still read the worker's memory.
type lane struct {
	batch *Batch
	alone bool // nobody else has the worker
	at    *process
	slot  int
	entry uint64 // counts places taken; a decoder of another entry is in no worker any more
	shut  bool   // takes nothing more in this tick
	dead  bool   // at is to be left
	used  time.Time

	// What was put since the last round.
	orders, bytes, samples int
	asked                  [mostOrders]*VoiceDecoder
	results                [mostOrders]sound // of the last round

	flying   int // orders that the worker has not answered
	since    time.Time
	look     time.Time // when the worker is looked at next
	effort   effort    // when it was looked at first; zero: it was not
	extended int
}

// do has the worker do an order of a voice, together with others. The result is 0 where it did not in
// time. The samples are there until the voice asks for something else.
func (l *lane) do(d *VoiceDecoder, o *order, packet []byte) (sound, []float32) {
	for l.ready() {
		i, ok := l.put(d, o, packet)
		if !ok && l.orders == 0 { // it never fits
			break
		}
		l.batch.wait()
		if ok {
			return l.results[i], l.at.mem.sounds(l.slot)
		}
	}
	return 0, nil
}

// ready tells whether the worker takes orders.
func (l *lane) ready() bool {
	if l.shut {
		return false
	}
	if l.at == nil && !l.enter() {
		l.shut = true
		return false
	}
	// A worker that is still shutting the slot's last decoder needs microseconds.
	l.shut = !l.at.mem.door(l.slot).settled(l.batch.crew.pool.cfg.Instant)
	return !l.shut
}

// enter takes a place in a worker, if one is ready.
func (l *lane) enter() bool {
	w, slot := l.batch.crew.try(l.alone)
	if w == nil {
		return false
	}
	w.serve(slot)
	l.batch.entries++
	l.at, l.slot, l.entry, l.dead = w, slot, l.batch.entries, false
	return true
}

// leave gives the place back.
func (l *lane) leave() {
	w := l.at
	if w == nil {
		return
	}
	l.at, l.flying = nil, 0
	if door := w.mem.door(l.slot); !w.spent() && atomic.LoadUint32(door.turn) != workers {
		door.ask(request{task: shut})
	}
	l.batch.crew.leave(w, l.slot)
}

// put adds an order to the next round, behind those for what the worker has not had of the voice. It returns the
// order's index, or false where the round is full.
func (l *lane) put(d *VoiceDecoder, o *order, packet []byte) (i int, ok bool) {
	behind := d.past.behind
	if d.entry != l.entry {
		behind = d.past.count
	}
	if l.orders > mostCaughtUp {
		behind = 0
	}
	if !l.fits(o, len(packet)+d.past.bytes(behind), behind+1) {
		return 0, false
	}
	for n := range behind {
		before := d.past.packet(behind - n)
		l.add(d, &order{voice: o.voice, samples: opus.Samples(before), dropped: true}, before)
	}
	return l.add(d, o, packet), true
}

// fits tells whether the round has room for an order and others without sound.
func (l *lane) fits(o *order, bytes, orders int) bool {
	unit, room := l.at.mem.unit(l.slot), len(l.at.mem.sounds(l.slot))
	return l.orders+orders <= mostOrders && packetsAt+l.bytes+bytes <= len(unit) && l.samples+o.lanes()*o.samples <= room
}

// add adds an order for which there is room, and returns its index.
func (l *lane) add(d *VoiceDecoder, o *order, packet []byte) int {
	unit, i := l.at.mem.unit(l.slot), l.orders
	o.at, o.length, o.out, o.anew = packetsAt+l.bytes, len(packet), l.samples, d.entry != l.entry
	copy(unit[o.at:], packet)
	o.put(unit, i)
	l.asked[i] = d
	d.entry, d.past.behind, d.past.flying = l.entry, 0, true
	l.orders++
	l.bytes += o.length
	l.samples += o.lanes() * o.samples
	return i
}

// begin begins a tick: it sees to what the last ones left.
func (l *lane) begin() {
	l.shut, l.orders, l.bytes, l.samples = false, 0, 0, 0
	switch {
	case l.at == nil:
		return
	case l.dead:
	case l.flying > 0:
		if atomic.LoadUint32(l.at.mem.door(l.slot).turn) == workers {
			l.shut = true
			if l.watch(time.Now()); !l.dead {
				return
			}
		} else if l.flown(true); !l.dead {
			return
		}
	case l.at.spent():
	case !l.alone || time.Since(l.used) < linger:
		return
	}
	l.leave()
}

// send gives the worker what was put.
func (l *lane) send(now time.Time) {
	if l.orders == 0 {
		return
	}
	clear(l.results[:l.orders])
	doneOf(l.at.mem.unit(l.slot)).Store(0)
	l.flying, l.since, l.used, l.look, l.extended = l.orders, now, now, now.Add(looks), 0
	l.effort = effort{}
	l.at.mem.door(l.slot).ask(request{task: listen, slot: uint8(l.slot), length: l.orders})
	l.orders, l.bytes, l.samples = 0, 0, 0
	if l.at.ended() { // it was so before, and nobody gives the turn back
		l.fault(false)
	}
}

// receive waits for the worker's results until a time, and takes those that there are.
func (l *lane) receive(until time.Time) {
	if l.flying == 0 {
		return
	}
	settled := l.at.mem.door(l.slot).settled(time.Until(until))
	unit := l.at.mem.unit(l.slot)
	for i := range min(l.flying, int(doneOf(unit).Load())) {
		l.results[i] = min(sound(unit[resultsAt+i]), spoiled)
	}
	if settled {
		l.flown(false)
	} else {
		l.shut = true // what comes late is dropped
	}
}

// flown sees whether the worker has answered, late or in time, or died.
func (l *lane) flown(late bool) {
	door := l.at.mem.door(l.slot)
	answer := *door.reply
	var r reply
	if atomic.LoadUint32(door.turn) == servers && r.get(&answer) && r.result == heard {
		l.flying = 0
		l.batch.answered(late)
		return
	}
	l.fault(false)
}

// watch looks at a worker that does not answer, and ends one that was stopped or takes too long. One
// that does not get the processor has more time.
func (l *lane) watch(now time.Time) {
	if now.Before(l.look) {
		return
	}
	patience, made := l.batch.crew.pool.cfg.Patience, effortOf(l.at.cmd.Process.Pid)
	l.look = now.Add(again)
	looked := l.effort != (effort{})
	if !looked {
		l.effort = made
	}
	late := looked && now.Sub(l.since) >= patience
	if late && l.extended < extensions && !made.hangs(l.effort, patience-looks) {
		l.extended++
		return
	}
	if late || made.stopped {
		l.fault(true)
	}
}

// fault ends a worker by what it was asked for. The voice whose packet it decoded is suspected. Where a crash may
// be a camera's as well, the voice has the benefit of the doubt once: what is suspected is made up until
// there is a worker of its own, and most voices that a camera's crash hits have done nothing.
func (l *lane) fault(late bool) {
	pool := l.batch.crew.pool
	if done := int(doneOf(l.at.mem.unit(l.slot)).Load()); done < l.flying {
		d := l.asked[done]
		if l.at.busy.Load() > 1 {
			d.record.doubt(pool, "microphone", time.Now())
		} else {
			d.record.suspect(pool, "microphone", time.Now())
		}
		d.past.spoil(d.record.suspected(time.Now()))
	}
	pool.blame(l.at, late, "opus")
	l.flying, l.shut, l.dead = 0, true, true
}
