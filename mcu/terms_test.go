package mcu_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/policy"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rules"
)

// governed returns a server whose rooms have rules by their names, and the events of its rooms.
func governed(t *testing.T, by map[string]rules.Terms) (*stage, func(event.Type) int) {
	t.Helper()
	cfg := small()
	cfg.Rules = func(room string) (rules.Terms, error) { return by[room], nil }
	var mu sync.Mutex
	count := map[event.Type]int{}
	cfg.Events = func(e event.Event) {
		mu.Lock()
		defer mu.Unlock()
		count[e.Type]++
	}
	return serve(t, cfg), func(of event.Type) int {
		mu.Lock()
		defer mu.Unlock()
		return count[of]
	}
}

// fed has a participant without a connection join.
func (s *stage) fed(room, name string, g policy.Grant, got *inbox) (*mcu.Participant, string) {
	s.t.Helper()
	p, err := s.Join(mcu.JoinOptions{Room: room, Name: name, Fed: true, Grant: g, Send: got.put})
	if err != nil {
		s.t.Fatal(err)
	}
	return p, of[control.Welcome](got)[0].ID
}

// TestCap has 200 clients come at once to a room for ten, again and again while others leave: there
// are never eleven.
func TestCap(t *testing.T) {
	const places, clients = 10, 200
	s, _ := governed(t, map[string]rules.Terms{"call": {MaxParticipants: rules.Caps{Total: places}}})
	var inside, most, in atomic.Int64
	for range 3 {
		in.Store(0)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var all []*mcu.Participant
		for range clients {
			wg.Go(func() {
				p, err := s.Join(mcu.JoinOptions{Room: "call", Name: "Guest", Fed: true})
				if err != nil {
					if !errors.Is(err, mcu.ErrRoomFull) {
						t.Error(err)
					}
					return
				}
				in.Add(1)
				for n, m := inside.Add(1), most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				mu.Lock()
				all = append(all, p)
				mu.Unlock()
			})
		}
		wg.Wait()
		if rooms := s.Rooms(); len(rooms) != 1 || rooms[0].Participants != places || in.Load() != places {
			t.Errorf("%d of %d got in: %+v", in.Load(), clients, rooms)
		}
		for _, p := range all[:places/2] { // more come while these leave
			inside.Add(-1)
			p.Leave()
			<-p.Done()
		}
		for _, p := range all[places/2:] {
			inside.Add(-1)
			p.Leave()
			<-p.Done()
		}
		s.await("the room to end", func() bool { return len(s.Rooms()) == 0 })
	}
	if most.Load() > places {
		t.Errorf("there were %d at once", most.Load())
	}
}

// TestTimeIsOver has calls that may last some seconds: they end then, and one that ends in a minute
// says so before.
func TestTimeIsOver(t *testing.T) {
	s, count := governed(t, map[string]rules.Terms{"short": {MaxDuration: 2}, "long": {MaxDuration: 61}})
	var short, long inbox
	crowd, began := poll.Crowd(t), time.Now()
	ada, _ := s.fed("short", "Ada", policy.Grant{}, &short)
	_, _ = s.fed("long", "Ben", policy.Grant{}, &long)
	if m := next(t, &long, "what is left", func(control.Announcement) bool { return true }); m.Text != "The call ends in 1 min" {
		t.Errorf("Ben is told %+v", m)
	}
	<-ada.Done()
	took := time.Since(began)
	if took < 1900*time.Millisecond {
		t.Errorf("a call of 2 s ended after %v", took)
	}
	inTime(t, "a call of 2 s ended", took, 3*time.Second, crowd)
	if m := next(t, &short, "the end", func(control.Removed) bool { return true }); m.Code != "ended" || m.Reason != "the room's time is over" {
		t.Errorf("Ada is told %+v", m)
	}
	if n := count(event.RoomEnding); n != 1 {
		t.Errorf("%d events say that a room ends", n)
	}
}

// TestEmptyRoom has all leave calls that go on for a time without anybody: one that comes back finds
// the same call, and where nobody comes it ends. A call that a host or its rules ended does not go on, and none goes on
// where the server drains.
func TestEmptyRoom(t *testing.T) {
	stays, brief := rules.Terms{EmptyTimeout: 3600}, rules.Terms{EmptyTimeout: 1}
	s, count := governed(t, map[string]rules.Terms{"stays": stays, "brief": brief, "ended": stays, "timed": {EmptyTimeout: 3600, MaxDuration: 1}})
	var got inbox
	leave := func(p *mcu.Participant) {
		t.Helper()
		p.Leave()
		<-p.Done()
	}
	timed, _ := s.fed("timed", "Ada", policy.Grant{}, &got)
	ada, _ := s.fed("stays", "Ada", policy.Grant{}, &got)
	leave(ada)
	ben, _ := s.fed("stays", "Ben", policy.Grant{}, &got)
	if n := count(event.RoomStarted); n != 2 {
		t.Errorf("%d calls have begun, of two", n)
	}
	leave(ben)
	cid, _ := s.fed("brief", "Cid", policy.Grant{}, &got)
	room, err := s.Room("brief")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	leave(cid)
	select {
	case <-room.Ended():
	case <-time.After(rtctest.Patience):
		t.Fatal("the empty call does not end")
	}
	if took := time.Since(began); took < 900*time.Millisecond || count(event.RoomEnded) == 0 {
		t.Errorf("the empty call ended after %v, and %d events say so", took, count(event.RoomEnded))
	}
	<-timed.Done()
	ended, _ := s.fed("ended", "Ada", policy.Grant{Role: policy.Host}, &got)
	ended.Handle(control.End{})
	<-ended.Done()
	s.await("calls that were ended to be gone", func() bool { return len(s.Rooms()) <= 1 })
	if n := len(s.Rooms()); n != 1 {
		t.Errorf("%d rooms, where one goes on without anybody", n)
	}
	s.Drain(time.Minute)
	s.await("the empty room to end", func() bool { return len(s.Rooms()) == 0 })
	if started, over := count(event.RoomStarted), count(event.RoomEnded); started != 4 || over != 4 {
		t.Errorf("%d calls have begun and %d ended, of four", started, over)
	}
}

// TestHostLeaves has the only host of a call leave.
func TestHostLeaves(t *testing.T) {
	s, _ := governed(t, map[string]rules.Terms{
		"stay": {}, "pass": {HostLeaves: rules.Pass}, "lock": {HostLeaves: rules.Lock}, "end": {HostLeaves: rules.End},
	})
	for room, told := range map[string]func(*inbox){
		"stay": func(*inbox) {},
		"pass": func(got *inbox) {
			next(t, got, "to be host", func(m control.Standing) bool { return m.Role == "host" })
		},
		"lock": func(got *inbox) {
			next(t, got, "the lock", func(m control.RoomState) bool { return m.Locked })
			if _, err := s.Join(mcu.JoinOptions{Room: "lock", Name: "Eve", Fed: true}); err == nil {
				t.Error("Eve comes into a locked room")
			}
		},
		"end": func(got *inbox) {
			next(t, got, "the end", func(m control.Removed) bool { return m.Code == "ended" })
		},
	} {
		var hosts, guests, last inbox
		host, _ := s.fed(room, "Host", policy.Grant{Role: policy.Host}, &hosts)
		ben, _ := s.fed(room, "Ben", policy.Grant{}, &guests)
		cid, _ := s.fed(room, "Cid", policy.Grant{}, &last)
		host.Leave()
		<-host.Done()
		told(&guests)
		if room == "end" {
			<-ben.Done()
			<-cid.Done()
			continue
		}
		if len(of[control.Removed](&last)) > 0 || len(of[control.Standing](&last)) > 0 {
			t.Errorf("%s: Cid is removed or appointed", room)
		}
	}
}

// TestVouch has a host move participants to rooms with an auth of their own: it vouches for nobody
// there, but who came by that room goes back.
func TestVouch(t *testing.T) {
	s, _ := governed(t, map[string]rules.Terms{"exam": {Auth: "invite"}, "side": {Lobby: rules.All}})
	var adas, bens, hosts inbox
	_, ada := s.fed("exam", "Ada", policy.Grant{By: "invite:1"}, &adas)
	_, ben := s.fed("hall", "Ben", policy.Grant{}, &bens)
	_, _ = s.fed("hall", "Host", policy.Grant{Role: policy.Host}, &hosts)
	if err := s.Move("hall", ben, "exam"); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("Ben is moved into the exam: %v", err)
	}
	for _, step := range [][2]string{{"exam", "hall"}, {"hall", "exam"}} {
		if err := s.Move(step[0], ada, step[1]); err != nil {
			t.Errorf("Ada from %s to %s: %v", step[0], step[1], err)
		}
	}
	if err := s.Move("hall", ben, "side"); err != nil || len(s.Waiting("side")) > 0 {
		t.Errorf("Ben is moved past a lobby: %v, %d wait", err, len(s.Waiting("side")))
	}
}
