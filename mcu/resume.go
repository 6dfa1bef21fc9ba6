package mcu

import (
	"fmt"
	"slices"
	"time"

	"tilemix/mcu/ingest"
	"tilemix/mcu/rtc"
	"tilemix/mcu/uplink"
)

// How long somebody who may come back keeps his seat without his media's connection.
const (
	graceLost = 30 * time.Second
	// graceGone is for a page that said that it goes away: it was closed or is being
	// loaded anew, and nobody knows which. Its media may be heard of for longer.
	graceGone = 5 * time.Second
)

// How often somebody may come back, a second and at once: each time costs a connection
// to be made and one to be ended.
const (
	resumeRate  = 1
	resumeBurst = 5
)

// Resume brings somebody back who joined with Resumable, by the secret that the
// message "welcome" told him. He keeps his ID and his tile; what he is told goes to
// o.Send from now on, and his next offer makes a new connection. The number names
// the control connection for [Participant.Lose] and what else comes by it. ErrNotFound says that nobody has the
// secret, any more or at all, ErrTooOften that he came back too often.
func (s *Server) Resume(o JoinOptions, secret string) (p *Participant, line int, err error) {
	r := s.room(o.Room)
	if r == nil || secret == "" {
		return nil, 0, fmt.Errorf("resume: %w", ErrNotFound)
	}
	allowed := false
	r.call(func() {
		if i := slices.IndexFunc(r.members, func(p *Participant) bool { return p.secret == secret }); i >= 0 {
			p = r.members[i]
			allowed = p.back.Allow()
		}
	})
	switch {
	case p == nil:
		return nil, 0, fmt.Errorf("resume: %w", ErrNotFound)
	case !allowed:
		return nil, 0, fmt.Errorf("resume: %w", ErrTooOften)
	}
	peer, err := p.connection()
	if err != nil {
		return nil, 0, err
	}
	resumed := false
	r.call(func() {
		if resumed = slices.Contains(r.members, p); resumed {
			line = r.resume(p, peer, o)
		}
	})
	if !resumed {
		peer.Close()
		return nil, 0, fmt.Errorf("resume: %w", ErrNotFound)
	}
	return p, line, nil
}

// resume gives somebody a new connection. What runs on the old one ends with it.
func (r *Room) resume(p *Participant, peer *rtc.Peer, o JoinOptions) (line int) {
	if p.cut != nil {
		p.cut()
	}
	old := p.peer
	r.wg.Go(old.Close)
	p.peer, p.send, p.cut = peer, o.Send, o.Cut
	p.line++
	p.answer.Store(&attached{peer, p.line})
	p.open.Store(false)
	p.connected, p.unheard, p.parting, p.told = false, false, false, false
	p.asked = uplink.Asked{}
	now := time.Now()
	p.deadline = now.Add(connectTimeout)
	p.log.Info("resumed")
	p.welcome()
	p.tellRendition()
	r.publish()
	r.dismiss(now)
	return p.line
}

// Lose tells that the participant's control connection of that number is lost: 0 is
// the one he joined with. Who may come back stays as long as his media's connection
// stands and half a minute more, or some seconds when he said goodbye; others leave, and
// whoever had no connection yet. Connections that were replaced are ignored.
func (p *Participant) Lose(line int, goodbye bool) {
	p.room.post(func() {
		if line != p.line {
			return
		}
		p.unheard, p.parting = true, goodbye
		switch {
		case p.secret == "" || !p.seated:
			p.room.remove(p)
		case goodbye:
			p.expect(graceGone)
		default:
			p.expect(graceLost)
		}
	})
}

// disconnect is run by the loop when the media's connection has failed or was closed. A
// failed one may be had again by an offer that restarts ICE, also without a secret: the
// session's ID is enough.
func (p *Participant) disconnect(failed bool) {
	pending := !p.connected || p.parting
	p.connected = false
	switch {
	case p.secret == "" && (!failed || !p.seated):
		p.room.remove(p)
	case pending:
		p.room.publish() // the time he has runs already
	default:
		p.expect(graceLost)
	}
}

// expect gives somebody time to come back.
func (p *Participant) expect(grace time.Duration) {
	now := time.Now()
	p.deadline = now.Add(grace)
	p.room.publish()
	p.room.dismiss(now)
}

// dismiss takes the seats of those whose media's connections do not stand by their
// deadlines, and sets the loop's timer for the next one.
func (r *Room) dismiss(now time.Time) {
	var next time.Time
	for _, p := range slices.Clone(r.members) {
		switch {
		case p.connected && !p.parting: // also unheard: he sees and is seen, and his page comes back as it notices
		case !now.Before(p.deadline):
			p.refuse("the connection does not stand")
			r.remove(p)
		case next.IsZero() || p.deadline.Before(next):
			next = p.deadline
		}
	}
	if !next.IsZero() {
		r.late.Reset(next.Sub(now))
	}
}

// forget takes away a camera whose track has ended. The last picture of who may come
// back stays as long as it may be shown; the connection that brought it does not wait.
func (p *Participant) forget(v *ingest.Video, more bool) {
	gone := func() {
		p.room.post(func() {
			if p.video == v {
				p.setVideo(nil)
			}
		})
	}
	if p.secret == "" || more {
		gone()
		return
	}
	time.AfterFunc(stale, gone)
}

// runFor runs a track, if the connection that brought it is still his.
func (p *Participant) runFor(peer *rtc.Peer, run func()) {
	if p.answer.Load().peer == peer {
		run()
	}
}
