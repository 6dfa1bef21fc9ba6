package broadcast

import (
	"errors"
	"fmt"
	"time"

	"tilemix/mcu/aac"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/intake"
)

// stream makes sessions of what a broadcast's queue brings. It belongs to the broadcast's goroutine.
type stream struct {
	of   *broadcast
	now  *session
	next lineup          // of the session to come
	aac  *aac.Transcoder // nil: there is no AAC
	past []*session      // sessions that ended, whose files are still served
}

// speak starts what makes AAC of the sound, if that is wished.
func (m *stream) speak(wished []string) (err error) {
	m.of.offer([]string{codecOpus}, "")
	if both, err := sounds(wished); !both {
		return err
	}
	put := func(frame []byte, at time.Duration) error {
		if m.now != nil {
			m.now.frame(frame, at)
		}
		return nil
	}
	if m.aac, err = aac.New(aac.Config{Channels: m.of.mix.AudioChannels(), Cell: m.of.home.cfg.Cell, Live: true, Patience: aacPatience, Put: put}); err == nil {
		err = m.aac.Start()
	}
	if err != nil {
		m.deaf(err)
	} else {
		m.aac.Warm(aacWarm)
		m.of.offer([]string{codecOpus, codecAAC}, "")
	}
	return nil
}

// deaf goes on without AAC.
func (m *stream) deaf(why error) {
	if !errors.Is(why, ffmpeg.ErrMissing) || m.of.home.told.CompareAndSwap(false, true) {
		m.of.log.Warn("broadcast without AAC", "error", why)
	}
	m.mute()
	m.of.offer([]string{codecOpus}, fmt.Sprintf("the sound is Opus only, and old players need AAC: %v", why))
}

// mute ends what makes AAC.
func (m *stream) mute() {
	if m.aac != nil {
		_ = m.aac.Close(false)
		m.aac = nil
	}
}

// take adds a unit to the session, or to a new session if the parameter sets have changed.
func (m *stream) take(u *intake.Unit) {
	defer m.of.queue.Done(u)
	if !u.Video {
		m.hear(u)
		return
	}
	p, err := parse(u)
	if err != nil {
		m.of.log.Warn("access unit not broadcast", "error", err)
		return
	}
	n := u.Generation
	if u.Key && m.now != nil && !m.now.fits(n, p) {
		m.end()
	}
	if m.now == nil {
		if m.next.add(n, u) {
			m.roll(u.At)
		}
		return
	}
	if err := m.now.picture(n, p, u); err != nil {
		m.of.log.Warn("broadcast broken, begins anew", "error", err)
		m.end()
	}
}

// hear adds a packet of sound to the session, or to a new one.
func (m *stream) hear(u *intake.Unit) {
	if m.now != nil {
		m.now.packet(u)
	} else {
		m.next.hear(u)
	}
	if m.aac == nil {
		return
	}
	if err := m.aac.Write(u.Data, u.At); err != nil {
		m.deaf(err)
		m.end() // the next has no playlist of AAC
	}
}

// roll begins a session with the units that have come until now, since the server's epoch.
func (m *stream) roll(now time.Duration) {
	pictures, sound := m.next.take()
	first := make([]pictureUnits, len(pictures))
	for n, units := range pictures {
		first[n], _ = parse(units[0]) // take did it before
	}
	begins := pictures[0][0].At
	s, err := newSession(m.of, first, m.aac != nil, begins, time.Now().Add(begins-now))
	if err != nil {
		m.of.log.Error("no broadcast", "error", err)
		return
	}
	m.now = s
	for n, units := range pictures {
		for i, u := range units {
			if p, err := parse(u); err == nil {
				_ = s.picture(n, p, u) // the next unit fails too, and ends it
			}
			for i > 0 && len(sound) > 0 && sound[0].At <= u.At { // the muxer takes none before
				s.packet(sound[0])
				sound = sound[1:]
			}
		}
	}
	for _, u := range sound {
		s.packet(u)
	}
	s.begin()
}

// end ends the present session.
func (m *stream) end() {
	if m.now == nil {
		return
	}
	const kept = 2 // sessions that ended and are still served
	s := m.now
	m.now = nil
	m.of.announce(nil)
	s.finish()
	m.past = append(m.past, s)
	if len(m.past) > kept {
		m.past[0].drop()
		m.past = append(m.past[:0], m.past[1:]...)
	}
}
