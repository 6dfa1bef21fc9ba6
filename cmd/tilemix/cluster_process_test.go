package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tilemix/codec/h264"
	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/room"
)

// fleet is a cluster of whole processes on this machine.
type fleet struct {
	t       *testing.T
	secret  string // of an API key that all nodes have; "": none is needed
	nodes   map[string]*vessel
	clients []*exec.Cmd
}

// vessel is one process of a fleet.
type vessel struct {
	url     string
	process *os.Process
	flags   []string
}

// newFleet starts nodes of these names, each of which names the one before.
func newFleet(t *testing.T, flags []string, ids ...string) *fleet {
	t.Helper()
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(rand.Text()+rand.Text()), 0o600); err != nil {
		t.Fatal(err)
	}
	net := make([]byte, 2)
	_, _ = rand.Read(net) // it never fails
	f := &fleet{t: t, nodes: map[string]*vessel{}}
	var before []string
	for i, id := range ids {
		at := fmt.Sprintf("127.%d.%d.%d:6222", net[0], net[1], i+1) // nobody else has it
		all := slices.Concat(flags, before, []string{"--cluster-listen", at, "--cluster-key", key, "--cluster-id", id, "--data-dir", t.TempDir()})
		before = []string{"--cluster-join", at}
		v := &vessel{flags: all}
		v.url, v.process = serveProcess(t, all...)
		f.nodes[id] = v
	}
	for _, id := range ids {
		f.await(id+" knows all", func() bool { return len(f.serving(id)) == len(ids) })
	}
	return f
}

// await asks until something is so.
func (f *fleet) await(what string, is func() bool) {
	f.t.Helper()
	for end := time.Now().Add(2 * poll.Patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("never: %s", what)
		}
	}
}

// get asks a node, which may be away, for JSON, and returns the status of its answer; 0: there is none.
func (f *fleet) get(id, path string, into any) int {
	f.t.Helper()
	request, err := http.NewRequest(http.MethodGet, f.nodes[id].url+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if f.secret != "" {
		request.Header.Set("Authorization", "Bearer "+f.secret)
	}
	client := http.Client{Timeout: 2 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	if into != nil {
		_ = json.NewDecoder(response.Body).Decode(into) // else nothing is in it
	}
	return response.StatusCode
}

// enlisted is a node as another lists it.
type enlisted struct {
	ID, State string
	N         uint64 // its last beat
	Rooms     []struct{ Name, To string }
}

// list returns the nodes that one knows.
func (f *fleet) list(by string) []enlisted {
	f.t.Helper()
	var all struct{ Nodes []enlisted }
	f.get(by, "/api/v1/nodes", &all)
	return all.Nodes
}

// serving returns the nodes that one knows as serving, and the rooms that each has and does not give away.
func (f *fleet) serving(id string) map[string][]string {
	f.t.Helper()
	rooms := map[string][]string{}
	for _, n := range f.list(id) {
		if n.State == "serving" {
			rooms[n.ID] = []string{}
			for _, r := range n.Rooms {
				if r.To == "" {
					rooms[n.ID] = append(rooms[n.ID], r.Name)
				}
			}
		}
	}
	return rooms
}

// home returns the node that has the room, as another knows it; "": none has.
func (f *fleet) home(by string) string {
	f.t.Helper()
	for id, rooms := range f.serving(by) {
		if slices.Contains(rooms, "demo") {
			return id
		}
	}
	return ""
}

// begun waits until a room has a home, as a node knows it, and returns that. An answer may be too late for get, so the
// home is the one that await has seen.
func (f *fleet) begun(by string) (home string) {
	f.t.Helper()
	f.await("the room has a home", func() bool { home = f.home(by); return home != "" })
	return home
}

// kept waits until the standbys of a node's rooms have what is new: a node sends that after a beat.
func (f *fleet) kept(home string) {
	f.t.Helper()
	for id := range f.nodes {
		beat := func() uint64 {
			for _, n := range f.list(id) {
				if n.ID == home {
					return n.N
				}
			}
			return 0
		}
		first := uint64(0)
		f.await("a beat of "+home+" comes to "+id, func() bool { first = beat(); return first > 0 })
		f.await("two beats of "+home+" come to "+id, func() bool { return beat() >= first+2 })
	}
}

// people returns those in the room, by name, as a node answers.
func (f *fleet) people(by string) map[string]room.Attendee {
	f.t.Helper()
	var all struct{ Participants []room.Attendee }
	f.get(by, "/api/v1/rooms/demo/participants", &all) // 404: the room has not begun
	people := map[string]room.Attendee{}
	for _, a := range all.Participants {
		people[a.Name] = a
	}
	return people
}

// join puts somebody with the program's own client into the room, at a node.
func (f *fleet) join(id, who string) {
	f.t.Helper()
	client := exec.Command("tilemix", "join", f.nodes[id].url+"/r/demo", "--name", who, "--camera", "test", "--mic", "test", "--size", "320x180", "--frame-rate", "8")
	if err := client.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.clients = append(f.clients, client)
	f.t.Cleanup(func() { _ = client.Process.Signal(syscall.SIGKILL); _ = client.Wait() })
}

// leave has all clients end.
func (f *fleet) leave() {
	for _, c := range f.clients {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
	}
	f.clients = nil
}

// kill ends a node as a loss of power would, as far as others see it.
func (f *fleet) kill(id string) {
	f.t.Helper()
	if err := f.nodes[id].process.Kill(); err != nil {
		f.t.Fatal(err)
	}
	_, _ = f.nodes[id].process.Wait()
	delete(f.nodes, id)
}

// again starts a node that was killed, at the address at which clients know it.
func (f *fleet) again(id string, was *vessel) {
	f.t.Helper()
	v := &vessel{flags: was.flags}
	v.url, v.process = serveProcess(f.t, append(slices.Clone(was.flags), "--listen", strings.TrimPrefix(was.url, "http://"))...)
	f.nodes[id] = v
	f.await("all nodes serve", func() bool { return len(f.serving(id)) == 3 })
}

// drain has a node give its rooms away, and waits until its process has ended.
func (f *fleet) drain(id string) {
	f.t.Helper()
	ended, by := make(chan struct{}), f.nodes[id]
	process := by.process // the map changes while the goroutine may not have begun
	go func() { _, _ = process.Wait(); close(ended) }()
	for other, v := range f.nodes {
		if other != id {
			by = v
		}
	}
	ask(f.t, "POST", by.url+"/api/v1/nodes/"+id+"/drain", "application/json", `{"within":"30s"}`, http.StatusAccepted)
	delete(f.nodes, id)
	select {
	case <-ended:
	case <-time.After(40 * time.Second):
		f.t.Errorf("node %s did not end", id)
	}
}

// TestCluster has clients of three nodes meet in one room. It drains the node that mixes it, and kills the node that
// does so next. The room goes on each time, and all come back by the nodes that they know, as who they were and
// muted as they were.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	t.Parallel()
	far := httptest.NewServer(http.NotFoundHandler()) // takes no push, so that it is tried again
	defer far.Close()
	f := newFleet(t, []string{"--cluster-busy", "100", "--allow-private-outputs", "--audio-codec", "opus"}, "a", "b", "c")
	f.join("a", "Ada")
	home := f.begun("b")
	others := slices.DeleteFunc([]string{"a", "b", "c"}, func(id string) bool { return id == home })
	f.join(others[0], "Ben")
	f.await("Ben is there", func() bool { return len(f.people(home)) == 2 })
	f.join(others[1], "Cid")
	var before map[string]room.Attendee
	for id := range f.nodes {
		f.await("all three are seen at "+id, func() bool { before = f.people(id); return len(before) == 3 })
	}
	ask(t, "PATCH", f.nodes[others[1]].url+"/api/v1/rooms/demo/participants/"+before["Cid"].ID, "application/json", `{"audio":{"muted":true}}`, http.StatusNoContent)
	ask(t, "PUT", f.nodes[others[1]].url+"/api/v1/rooms/demo/rules", "application/json", `{"pins":{"host":"4711"}}`, http.StatusOK)
	f.await("Cid is muted", func() bool { return f.people(others[0])["Cid"].AudioMuted })
	order := f.tiles(home)
	goes := f.begin(others[0], far.URL)

	ask(t, "POST", f.nodes[home].url+"/api/v1/nodes/none/drain", "application/json", `{"within":"30s"}`, http.StatusNotFound)
	f.drain(home)
	f.as(before, others[0], "Ada", "Ben", "Cid")
	if now := f.tiles(others[0]); !slices.Equal(now, order) {
		t.Errorf("the tiles are those of %v, and were those of %v", now, order)
	}
	goes.on(others[0], 2)
	next := f.begun(others[0])
	if next == home {
		t.Fatalf("the room is at %q", next)
	}
	f.kept(next)
	f.kill(next)
	last, name := others[0], "Ben"
	if last == next {
		last, name = others[1], "Cid"
	}
	f.as(before, last, name)
	goes.on(last, 3)
	if body := ask(t, "GET", f.nodes[last].url+"/api/v1/nodes", "", "", http.StatusOK); !strings.Contains(body, `"state":"dead"`) {
		t.Errorf("the nodes: %s", body)
	}
	if body := ask(t, "GET", f.nodes[last].url+"/api/v1/rooms/demo/rules", "", "", http.StatusOK); !strings.Contains(body, `"host"`) {
		t.Errorf("the last node has the rules %s", body)
	}
	// Clocks that the machine held up have the node be late for a moment.
	f.await("the last node is ready", func() bool { return f.get(last, "/readyz", nil) == http.StatusOK })
}

// TestHomeKilled kills the home of a call as often as TILEMIX_HOME_KILLS says, and says how long it took until all were back.
// They come by the other nodes, as clients do behind a load balancer.
func TestHomeKilled(t *testing.T) {
	kills, _ := strconv.Atoi(os.Getenv("TILEMIX_HOME_KILLS"))
	if kills == 0 {
		t.Skip("TILEMIX_HOME_KILLS says how often the home of a call is to be killed")
	}
	f := newFleet(t, []string{"--cluster-busy", "100"}, "a", "b", "c")
	f.join("a", "Ada")
	f.begun("b")
	var took []time.Duration
	for len(took) < kills {
		home := f.begun("a")
		entries := slices.DeleteFunc([]string{"a", "b", "c"}, func(id string) bool { return id == home })
		for i := range 4 {
			f.join(entries[i%2], fmt.Sprint("Guest", len(took), i))
		}
		guests := func(by string) (n int) {
			for name := range f.people(by) {
				if strings.HasPrefix(name, fmt.Sprint("Guest", len(took))) {
					n++
				}
			}
			return n
		}
		f.await("the guests are there", func() bool { return guests(entries[0]) == 4 })
		f.kept(home)
		was := f.nodes[home]
		f.kill(home)
		began := time.Now()
		f.await("the guests are back", func() bool { return guests(entries[0]) == 4 && f.home(entries[0]) != home })
		took = append(took, time.Since(began))
		t.Logf("kill %d: all are back after %v", len(took), took[len(took)-1])
		f.leave()
		f.again(home, was)
		f.join("a", "Ada")
		f.begun("a")
	}
	slices.Sort(took)
	t.Logf("of %d: median %v, p95 %v, most %v", kills, took[kills/2], took[(kills*95+99)/100-1], took[kills-1])
}

// underway is what goes on in the room of a fleet.
type underway struct {
	f                               *fleet
	recording, push, input, session string
}

// begin has the room be recorded, broadcast and pushed, by requests to a node.
func (f *fleet) begin(by, far string) *underway {
	f.t.Helper()
	u := &underway{f: f, recording: startRecording(f.t, f.nodes[by].url)}
	ask(f.t, "PUT", f.nodes[by].url+"/api/v1/rooms/demo/broadcast", "", "", http.StatusCreated)
	var push gateway.Info
	if err := json.Unmarshal([]byte(ask(f.t, "POST", f.nodes[by].url+"/api/v1/rooms/demo/outputs", "application/json", `{"url":"whip+`+far+`/whip"}`, http.StatusCreated)), &push); err != nil {
		f.t.Fatal(err)
	}
	u.push = push.ID
	// Nobody is at this address, so the input's participant waits in the room.
	if err := json.Unmarshal([]byte(ask(f.t, "POST", f.nodes[by].url+"/api/v1/rooms/demo/inputs", "application/json", `{"url":"rtsp://127.0.0.1:1/x","name":"Door"}`, http.StatusCreated)), &push); err != nil {
		f.t.Fatal(err)
	}
	u.input = push.ID
	u.session = hlsSession.FindString(ask(f.t, "GET", f.nodes[by].url+"/hls/demo/index.m3u8", "", "", http.StatusOK))
	f.await("the recording grows", func() bool { return u.parts(by)[0].Size > 0 })
	f.kept(f.home(by))
	return u
}

var hlsSession = regexp.MustCompile(`\w+/video1_stream\.m3u8`)

// parts returns the recordings of the room as a node lists them.
func (u *underway) parts(by string) []sidecar.Info {
	u.f.t.Helper()
	var all struct{ Recordings []sidecar.Info }
	if err := json.Unmarshal([]byte(ask(u.f.t, "GET", u.f.nodes[by].url+"/api/v1/rooms/demo/recordings", "", "", http.StatusOK)), &all); err != nil {
		u.f.t.Fatal(err)
	}
	return all.Recordings
}

// on waits until all goes on after a move, as a node answers. part is that of the recording by now.
func (u *underway) on(by string, part int) {
	u.f.t.Helper()
	u.f.await(fmt.Sprintf("part %d of the recording grows", part), func() bool {
		all := u.parts(by)
		if len(all) == 0 {
			return false
		}
		last := all[len(all)-1]
		return last.Part == part && last.Of == u.recording && last.Size > 0
	})
	url := u.f.nodes[by].url
	u.f.await("the push goes on", func() bool { return u.f.get(by, "/api/v1/rooms/demo/outputs/"+u.push, nil) == http.StatusOK })
	u.f.await("the input goes on", func() bool { return u.f.get(by, "/api/v1/rooms/demo/inputs/"+u.input, nil) == http.StatusOK })
	u.f.await("the broadcast goes on", func() bool {
		if u.f.get(by, "/hls/demo/index.m3u8", nil) != http.StatusOK {
			return false
		}
		if now := hlsSession.FindString(ask(u.f.t, "GET", url+"/hls/demo/index.m3u8", "", "", http.StatusOK)); now != u.session {
			u.f.t.Fatalf("players of %s are led to %s", u.session, now)
		}
		return strings.Contains(ask(u.f.t, "GET", url+"/hls/demo/"+u.session, "", "", http.StatusOK), "#EXT-X-DISCONTINUITY")
	})
	for id := range u.f.nodes { // that has the file
		for _, part := range u.parts(id) {
			u.f.await("part "+part.ID+" comes from node "+id, func() bool {
				return u.f.get(id, "/api/v1/recordings/"+part.ID+"/file", nil) == http.StatusOK
			})
		}
	}
}

// as waits until some are in the room as who they were, and heard unless they were muted.
func (f *fleet) as(before map[string]room.Attendee, by string, names ...string) {
	f.t.Helper()
	for _, name := range names {
		var now room.Attendee
		f.await(name+" is there, and heard as before", func() bool {
			is := false
			now, is = f.people(by)[name]
			return is && now.AudioMuted == (name == "Cid")
		})
		if now.ID != before[name].ID || !now.Joined.Equal(before[name].Joined) {
			f.t.Errorf("%s comes back as %+v, and was %+v", name, now, before[name])
		}
	}
}

// tiles returns the names in the room in the order of their tiles, as a node answers.
func (f *fleet) tiles(by string) (names []string) {
	f.t.Helper()
	var all struct{ Participants []room.Attendee }
	if err := json.Unmarshal([]byte(ask(f.t, "GET", f.nodes[by].url+"/api/v1/rooms/demo/participants", "", "", http.StatusOK)), &all); err != nil {
		f.t.Fatal(err)
	}
	for _, a := range all.Participants {
		if a.Name != "Door" { // which has a new tile
			names = append(names, a.Name)
		}
	}
	return names
}
