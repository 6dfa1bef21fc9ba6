package signaling_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/gateway/via"
)

// node is a server with a room.
type node struct {
	t   *testing.T
	url string
}

// nodes starts servers, each with a room "loop" and one participant.
func nodes(t *testing.T, n int) []node {
	t.Helper()
	all := make([]node, n)
	for i := range all {
		cfg := gateway.Default()
		cfg.Private, cfg.Via = true, via.New()
		srv, url := serveGateway(t, cfg)
		ada, err := srv.Join(mcu.JoinOptions{Room: "loop", Name: "Ada"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ada.Leave(); <-ada.Done() })
		all[i] = node{t, url}
	}
	return all
}

// push starts a push into the room of another server, and returns its address.
func (n node) push(to node) string {
	n.t.Helper()
	begun := do(n.t, "POST", n.url+"/api/v1/rooms/loop/outputs", `{"url":"whip+`+to.url+`/whip/loop"}`, "Content-Type", "application/json")
	begun.want(n.t, http.StatusCreated)
	return n.url + begun.Header.Get("Location")
}

// refused waits until a push is down because of a loop.
func (n node) refused(at string) {
	n.t.Helper()
	if one := await(n.t, at, "down"); !strings.Contains(one.Reason, "508 Loop Detected") || !strings.Contains(one.Reason, "own mix") {
		n.t.Errorf("it is %+v", one)
	}
}

// TestLoopOfTwo has two rooms push to each other. The first push stays.
func TestLoopOfTwo(t *testing.T) {
	all := nodes(t, 2)
	first := all[0].push(all[1])
	await(t, first, "up")
	all[1].refused(all[1].push(all[0]))
	if one := read[link](t, do(t, "GET", first, "")); one.State != "up" {
		t.Errorf("the first push is %+v", one)
	}
}

// TestLoopOfThree has three rooms push to each other in a circle. The push that closes it knows of the
// room at its end by a push that began after the one before it.
func TestLoopOfThree(t *testing.T) {
	all := nodes(t, 3)
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}} {
		var at []string
		for _, i := range order[:2] {
			one := all[i].push(all[(i+1)%3])
			await(t, one, "up")
			at = append(at, one)
		}
		last := all[order[2]]
		for i := range 100 { // the list of an older push arrives when it has begun again
			one := last.push(all[(order[2]+1)%3])
			state := await(t, one, "down", "up")
			do(t, "DELETE", one, "").want(t, http.StatusNoContent)
			if state.State == "down" {
				if !strings.Contains(state.Reason, "508 Loop Detected") {
					t.Errorf("it is %+v", state)
				}
				break
			}
			if i == 99 {
				t.Error("the loop is not seen")
			}
		}
		for _, one := range at {
			do(t, "DELETE", one, "").want(t, http.StatusNoContent)
		}
	}
}

// TestLoopRefusal reads the answer to a push that has the room's mix inside, and to a bad header.
func TestLoopRefusal(t *testing.T) {
	inside := via.New()
	settings := gateway.Default()
	settings.Via = inside
	_, url := serveGateway(t, settings)
	list, err := inside.List("loop")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Release()
	offer := newClient(t, webrtc.RTPTransceiverDirectionSendonly).offer(t, true, false)
	for header, status := range map[string]int{list.Header: http.StatusLoopDetected, "nonsense": http.StatusBadRequest} {
		do(t, "POST", url+"/whip/loop", offer, "Content-Type", "application/sdp", via.Header, header).want(t, status)
	}
	do(t, "POST", url+"/whip/other", offer, "Content-Type", "application/sdp", via.Header, list.Header).want(t, http.StatusCreated)
}
