package quality

import (
	"tilemix/codec"
	"tilemix/mcu/stats"
)

// Window (10) is how many samples of a second Find looks at; a silent microphone takes all of them.
const Window = 10

// bar is from which value on a number is not excellent, and from which on it is poor.
type bar struct{ good, poor float32 }

var (
	lossBar  = bar{0.03, 0.10} // share of packets
	soundBar = bar{20, 50}     // ms of jitter of sound; evenly spread jitter of 60 ms is 20
	videoBar = bar{45, 100}    // ms of jitter of pictures, whose packets are paced
	queueBar = bar{80, 250}    // ms in queues of the path
	delayBar = bar{300, 700}   // ms there and back
	missBar  = bar{3, 9}       // ticks of the picture clock in a second
	dropBar  = bar{0.15, 0.35} // share of pictures that a client receives and does not show
	clipBar  = bar{0.10, 2}    // share of packets; nothing is poor by it
)

// level is how good a number is.
func (b bar) level(v float32) Grade {
	switch {
	case v > b.poor:
		return Poor
	case v > b.good:
		return Good
	}
	return Excellent
}

const (
	// standing (40 ms) in queues is from when loss is for want of bandwidth.
	standing = 40
	// tardy (4) is how many ticks in a second may be late, until a server reads so late that jitter
	// and queues say nothing.
	tardy = 4
	// stormy (3) is for how many samples a client asks for key frames until that is a finding.
	stormy = 3
)

// window is the samples that are looked at, the oldest first.
type window []stats.Moment

// held returns what a field was at least in the last n samples. It is 0 where one of them does not
// know it, and where there are fewer.
func (w window) held(f stats.Field, n int) float32 {
	if len(w) < n {
		return 0
	}
	least := w[len(w)-1].Values[f]
	for i := range w[len(w)-n:] {
		v := w[len(w)-n+i].Values[f]
		if v != v { // NaN
			return 0
		}
		least = min(least, v)
	}
	return least
}

// now is held of two samples.
func (w window) now(f stats.Field) float32 { return w.held(f, 2) }

// none tells whether a field was known to be 0 in the last n samples.
func (w window) none(f stats.Field, n int) bool {
	if len(w) < n {
		return false
	}
	for i := range w[len(w)-n:] {
		if w[len(w)-n+i].Values[f] != 0 {
			return false
		}
	}
	return true
}

// fresh is now of what packets bring. It is 0 where none came, because such a number then stays as it was: a camera
// that is switched off while its packets queue has a queue for ever.
func (w window) fresh(f, packets stats.Field) float32 {
	if w.none(packets, 2) {
		return 0
	}
	return w.now(f)
}

// Find returns what is wrong, and notes, of a participant's last samples, the oldest first, of
// which there may be fewer than Window.
func Find(samples []stats.Moment, facts stats.Facts) (all []Finding) {
	w := window(samples)
	if len(w) < 2 {
		return nil
	}
	add := func(level Grade, cause Cause, way Direction) {
		if level > Excellent {
			all = append(all, Finding{level, cause, way})
		}
	}
	if w.none(stats.Connected, 1) {
		return []Finding{{Lost, Connection, Both}}
	}
	server := missBar.level(w.now(stats.MissedTicks))
	busy := server > Excellent || w[len(w)-1].Values[stats.LateTicks] > tardy
	add(server, Server, Both)
	w.up(add, busy)
	w.down(add, busy)
	if !busy {
		add(delayBar.level(w.now(stats.DownRTT)), Delay, Both)
	}
	return append(all, w.notes(facts)...)
}

// up finds what is wrong with what the participant sends. A busy server reads late, which looks like
// jitter and queues of the path.
func (w window) up(add func(Grade, Cause, Direction), busy bool) {
	lost := max(w.lost(ofCamera), w.lost(ofMicrophone), w.lost(ofCamera, ofMicrophone))
	queue := w.fresh(stats.CameraQueue, stats.CameraPackets)
	switch narrow := w.fresh(stats.ClientNarrow, stats.CameraPackets) > 0; {
	case narrow, lost > Excellent && queue > standing:
		add(max(Good, lost, queueBar.level(queue)), Bandwidth, Up)
	case !busy && queueBar.level(queue) > Excellent:
		add(queueBar.level(queue), Bandwidth, Up)
	default:
		add(lost, Loss, Up)
	}
	if !busy && queue <= standing {
		sound, picture := w.fresh(stats.MicJitter, stats.MicPackets), w.fresh(stats.CameraJitter, stats.CameraPackets)
		add(max(soundBar.level(sound), videoBar.level(picture)), Jitter, Up)
	}
	if w.fresh(stats.ClientSlow, stats.CameraPackets) > 0 {
		add(Good, ClientCPU, Up)
	}
	if w.now(stats.CameraOn) == 1 && w.none(stats.CameraPictures, 2) && (lost == Excellent || w.none(stats.CameraPackets, 2)) {
		add(Poor, Camera, Up)
	}
	if packets := w.now(stats.MicPackets); packets > 0 {
		add(clipBar.level(w.now(stats.MicClipped)/packets), Clipping, Up)
	}
}

// down finds what is wrong with what the participant receives.
func (w window) down(add func(Grade, Cause, Direction), busy bool) {
	lost, queue := w.lost(ofMix), w.fresh(stats.DownQueue, stats.DownPackets)
	height, full := w[len(w)-1].Values[stats.DownHeight], w.now(stats.DownFull)
	less := full > 0 && height < full && !busy
	switch {
	case less && (lost == Excellent || queue > standing):
		level := Good
		if height < full/2 {
			level = Poor
		}
		add(max(level, lost), Bandwidth, Down)
	case !busy && queueBar.level(queue) > Excellent, !busy && lost > Excellent && queue > standing:
		add(max(lost, queueBar.level(queue)), Bandwidth, Down)
	default:
		add(lost, Loss, Down)
	}
	if !busy && queue <= standing && !less {
		add(soundBar.level(w.fresh(stats.DownJitter, stats.DownPackets)), Jitter, Down)
	}
	if shown, dropped := w.now(stats.ClientFrames), w.now(stats.ClientDropped); dropped > 0 {
		add(dropBar.level(dropped/(shown+dropped)), ClientCPU, Down)
	}
	if w.held(stats.DownKeyRequests, stormy) >= 1 {
		add(Good, KeyFrames, Down)
	}
}

// notes are what explains the numbers, and is no fault.
func (w window) notes(facts stats.Facts) (all []Finding) {
	note := func(so bool, cause Cause, way Direction) {
		if so {
			all = append(all, Finding{Excellent, cause, way})
		}
	}
	note(w.held(stats.MicOn, Window) == 1 && w.none(stats.MicSound, Window), Microphone, Up)
	note(w.now(stats.Relayed) == 1, Relay, Both)
	note(facts.Codec != "" && facts.Codec != codec.H264.String(), Codec, Up)
	return all
}
