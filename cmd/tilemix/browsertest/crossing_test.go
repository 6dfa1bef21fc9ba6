package browsertest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// watchGaps notes in window.gaps, in ms, the longest time between two pictures and the longest silence in what a
// page plays, from its call on.
const watchGaps = `(() => {
	const video = document.querySelector('video#mix, main video');
	const gaps = window.gaps = { freeze: 0, silence: 0, pictures: 0 };
	let shown = performance.now();
	const picture = () => {
		const now = performance.now();
		gaps.freeze = Math.max(gaps.freeze, now - shown);
		gaps.pictures++;
		shown = now;
		video.requestVideoFrameCallback(picture);
	};
	video.requestVideoFrameCallback((now) => { shown = performance.now(); video.requestVideoFrameCallback(picture); });
	const context = new AudioContext();
	const ear = context.createScriptProcessor(256, 1, 1);
	const known = new Set();
	setInterval(() => {
		for (const track of video.srcObject.getAudioTracks()) {
			if (known.has(track)) continue;
			known.add(track);
			context.createMediaStreamSource(new MediaStream([track])).connect(ear);
		}
	}, 2);
	let silent = 0, heard = false;
	ear.onaudioprocess = ({ inputBuffer }) => {
		const samples = inputBuffer.getChannelData(0);
		const loud = Math.hypot(...samples) > 0.01;
		heard ||= loud;
		silent = loud ? 0 : silent + 1000 * samples.length / context.sampleRate;
		if (heard) gaps.silence = Math.max(gaps.silence, silent);
	};
	ear.connect(context.destination);
})()`

// crossingVariable has TestCrossing run.
const crossingVariable = "TILEMIX_CROSSING"

// TestCrossing drains the home of a call with two pages. One comes by the home itself, the other by another node.
// Picture and sound go on for both, and the home's process ends.
func TestCrossing(t *testing.T) {
	if os.Getenv(crossingVariable) == "" {
		t.Skip(crossingVariable + "=1 drains the home of a call of pages, which takes a machine that does nothing else")
	}
	nodes := cluster(t, "a", "b")
	nodes["a"].tone(t, "room")
	home := nodes["a"].awaitHome(t, "room")
	away := map[string]string{"a": "b", "b": "a"}[home]
	ada := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", nodes[home].url+"/r/room?name=Ada")
	bob := openPage(t, startBrowser(t, calmDevices, allow, sound, orangeClip(t)), "Bob", nodes[away].url+"/r/room?name=Bob")
	pages := []*page{ada, bob}
	before := ada.waitForTiles(t, "Tone", "Ada", "Bob")
	for _, p := range pages {
		p.waitForTile(t, "Bob", orange)
		p.waitForPhase(t, "connected")
		p.do(t, chromedp.Evaluate(`window.tilemix.pc.old = true`, nil), chromedp.Evaluate(watchGaps, nil))
		p.waitFor(t, `window.gaps.pictures > 60`)
	}
	began := time.Now()
	nodes[away].drain(t, home)
	for _, p := range pages {
		p.waitFor(t, `window.tilemix?.pc && !window.tilemix.pc.old && window.tilemix.pc.connectionState === 'connected'`)
		after := p.waitForTiles(t, "Tone", "Ada", "Bob")
		if person := before.person(p.name); after.ID != person.ID {
			t.Errorf("%s was %s, and is %s", p.name, person.ID, after.ID)
		}
		p.waitForTile(t, "Bob", orange)
		p.waitForMotion(t, "Tone")
	}
	select {
	case <-nodes[home].ended:
		t.Logf("the process ends after %v", time.Since(began))
	case <-time.After(patience):
		t.Error("the home does not end")
	}
	for _, p := range pages {
		p.waitForSound(t)
		var gaps struct{ Freeze, Silence float64 }
		if err := p.ask(`window.gaps`, &gaps); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: freeze of %.0f ms, silence of %.0f ms", p.name, gaps.Freeze, gaps.Silence)
		if max(gaps.Freeze, gaps.Silence) > 10_000 { // a quarter of a second, and what a busy machine adds
			t.Errorf("%s waits for picture or sound", p.name)
		}
	}
}

// tone has a participant without a browser sound all the time, and show moving bars, until stop, or the test's end.
func (s *server) tone(t *testing.T, room string) (stop func()) {
	t.Helper()
	command := exec.Command("tilemix", "join", s.url, "--room", room, "--name", "Tone", "--size", "320x180", "--frame-rate", "15",
		"--camera", "test", "--mic", "test")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// cluster starts nodes that know each other.
func cluster(t *testing.T, ids ...string) map[string]*server {
	t.Helper()
	return clusterOf(t, nil, ids...)
}

// clusterOf starts nodes with more flags.
func clusterOf(t *testing.T, flags []string, ids ...string) map[string]*server {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(rand.Text()+rand.Text()), 0o600); err != nil {
		t.Fatal(err)
	}
	net := make([]byte, 2)
	_, _ = rand.Read(net) // it never fails
	nodes := map[string]*server{}
	var join []string
	for i, id := range ids {
		at := fmt.Sprintf("127.%d.%d.%d:6222", net[0], net[1], i+1) // nobody else has it
		nodes[id] = serve(t, "", append(slices.Concat(flags, join), "--cluster-listen", at, "--cluster-key", key, "--cluster-id", id, "--cluster-busy", "100")...)
		join = []string{"--cluster-join", at}
	}
	for id := range nodes {
		eventually(t, id+" knows all", func() (string, bool) {
			n := len(nodes[id].nodes(t))
			return fmt.Sprint(n), n == len(ids)
		})
	}
	return nodes
}

// nodes returns the rooms of each node of the cluster that serves, as this one knows it.
func (s *server) nodes(t *testing.T) map[string][]string {
	t.Helper()
	response, err := http.Get(s.url + "/api/v1/nodes")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var all struct {
		Nodes []struct {
			ID, State string
			Rooms     []struct{ Name string }
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	rooms := map[string][]string{}
	for _, n := range all.Nodes {
		if n.State == "serving" {
			rooms[n.ID] = []string{}
			for _, r := range n.Rooms {
				rooms[n.ID] = append(rooms[n.ID], r.Name)
			}
		}
	}
	return rooms
}

// homeOf returns the node that mixes a room, "" if there is none.
func (s *server) homeOf(t *testing.T, room string) string {
	t.Helper()
	for id, rooms := range s.nodes(t) {
		if slices.Contains(rooms, room) {
			return id
		}
	}
	return ""
}

// awaitHome returns the node that mixes a room, once there is one.
func (s *server) awaitHome(t *testing.T, room string) (home string) {
	t.Helper()
	eventually(t, "the room has a home", func() (string, bool) {
		home = s.homeOf(t, room)
		return home, home != ""
	})
	return home
}

// drain has another node of the cluster give its rooms away.
func (s *server) drain(t *testing.T, id string) {
	t.Helper()
	response, err := http.Post(s.url+"/api/v1/nodes/"+id+"/drain", "application/json", strings.NewReader(`{"within":"30s"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		t.Fatal(response.Status)
	}
}
