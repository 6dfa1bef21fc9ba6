package signaling_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/control"
	"tilemix/signaling/access"
)

// ways are those by which a host acts.
var ways = []string{"REST", "WebSocket", "data channel"}

// host is a host who acts in one of the ways.
type host struct {
	way, url string
	conn     *websocket.Conn
	channel  *webrtc.DataChannel
}

// act sends a command. rest is the method and the address of the command, below the room.
func (h *host) act(t *testing.T, command control.Message, rest string) {
	t.Helper()
	data, err := control.Encode(command)
	if err != nil {
		t.Fatal(err)
	}
	fits(t, "FromClient", data)
	switch h.way {
	case "WebSocket":
		sendJSON(t, h.conn, command)
	case "data channel":
		if err := h.channel.SendText(string(data)); err != nil {
			t.Fatal(err)
		}
	default:
		var body map[string]any
		if err := json.Unmarshal(data, &body); err != nil {
			t.Fatal(err)
		}
		delete(body, "type")
		data, _ = json.Marshal(body)
		method, path, _ := strings.Cut(rest, " ")
		do(t, method, h.url+"/api/v1/rooms/den"+path, string(data), "Content-Type", "application/json", "Authorization", operator).want(t, http.StatusNoContent)
	}
}

// seated waits until a client knows that it has its seat, which is later than its media connects.
func seated(t *testing.T, conn *websocket.Conn, id string) {
	t.Helper()
	is := func(p control.Person) bool { return p.ID == id }
	for !slices.ContainsFunc(awaitMessage[control.Participants](t, conn).Participants, is) {
	}
}

// channelled has a client's media connection stand, and its control channel.
func channelled(t *testing.T, conn *websocket.Conn) *webrtc.DataChannel {
	t.Helper()
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	channel, err := c.CreateDataChannel("control", nil)
	if err != nil {
		t.Fatal(err)
	}
	open := make(chan struct{})
	channel.OnOpen(func() { close(open) })
	sendJSON(t, conn, control.Offer{SDP: c.offer(t, true, false)})
	c.accept(t, awaitMessage[control.Answer](t, conn).SDP)
	select {
	case <-open:
	case <-time.After(20 * time.Second):
		t.Fatal("the control channel did not open")
	}
	return channel
}

// effects has a host act in one way, and returns what guests are told.
func effects(t *testing.T, way string) (all []string) {
	t.Helper()
	url, _ := guarded(t, access.Invite)
	secret, _ := invited(t, url, `{"role":"host"}`)
	guests, _ := invited(t, url, `{}`)
	conns, ids := map[string]*websocket.Conn{}, map[string]string{}
	h := &host{way: way, url: url}
	for _, name := range []string{"Ada", "Ben", "Cid", "Dan", "Eve"} {
		with := guests
		if name == "Ada" {
			with = secret
		}
		conn, w, refused := come(t, url, name, "bearer."+with)
		if conn == nil {
			t.Fatal(refused)
		}
		conns[name], ids[name] = conn, w.ID
		if name == "Ada" {
			h.conn, h.channel = conn, channelled(t, conn)
		} else {
			negotiate(t, conn)
		}
		seated(t, conn, w.ID)
	}
	saw := func(m control.Message) {
		data, err := control.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.NewReplacer("Operator", "Ada").Replace(string(data)))
	}
	yes := true
	ben := "/participants/" + ids["Ben"]
	h.act(t, control.Set{ID: ids["Ben"], Audio: &control.SetMedia{Muted: &yes, Locked: &yes}}, "PATCH "+ben)
	saw(awaitMessage[control.Muted](t, conns["Ben"]))
	h.act(t, control.Ask{ID: ids["Ben"], Audio: true}, "POST "+ben+"/ask")
	saw(awaitMessage[control.Asked](t, conns["Ben"]))
	h.act(t, control.Announce{Text: "five minutes"}, "POST /messages")
	saw(awaitMessage[control.Announcement](t, conns["Ben"]))
	all = append(all, h.lobby(t, conns["Eve"], ids["Eve"])...)
	h.act(t, control.Lock{Locked: true}, "PUT /lock")
	for state := (control.RoomState{}); !state.Locked; {
		if state = awaitMessage[control.RoomState](t, conns["Ben"]); state.Locked {
			state.Waiting = 0 // Eve, who was refused, may still be on the way out
			saw(state)
		}
	}
	h.act(t, control.Move{ID: ids["Ben"], Room: "annex"}, "POST "+ben+"/move")
	saw(awaitMessage[control.Moved](t, conns["Ben"]))
	h.act(t, control.Kick{ID: ids["Cid"], Reason: "noise"}, "DELETE /participants/"+ids["Cid"])
	kicked := awaitMessage[control.Removed](t, conns["Cid"])
	if kicked.Until.IsZero() {
		t.Error("the ban of Cid has no end")
	}
	kicked.Until = time.Time{}
	saw(kicked)
	h.act(t, control.End{Reason: "lunch"}, "DELETE ")
	saw(awaitMessage[control.Removed](t, conns["Dan"]))
	return all
}

// lobby has a host send a guest back to the lobby and let it in, one by one and all, and then refuse
// it. The host is told each time that the guest waits.
func (h *host) lobby(t *testing.T, eve *websocket.Conn, id string) (saw []string) {
	t.Helper()
	for _, command := range []struct {
		control.Message
		rest string
	}{
		{control.Admit{IDs: []string{id}}, "/waiting/" + id + "/admit"},
		{control.Admit{All: true}, "/waiting/admit"},
		{control.Reject{All: true, Reason: "full house"}, "/waiting/reject"},
	} {
		h.act(t, control.Back{ID: id}, "POST /waiting")
		saw = append(saw, fmt.Sprintf(`"type":"waiting" %+v`, awaitMessage[control.Waiting](t, eve)))
		for list := (control.Lobby{}); len(list.Waiting) != 1 || list.Waiting[0].ID != id || time.Since(list.Waiting[0].Since) > time.Minute; {
			list = awaitMessage[control.Lobby](t, h.conn)
		}
		h.act(t, command.Message, "POST "+command.rest)
		if _, refused := command.Message.(control.Reject); refused {
			return append(saw, fmt.Sprintf(`"type":"rejected" %+v`, awaitMessage[control.Rejected](t, eve)))
		}
		saw = append(saw, fmt.Sprintf(`"type":"admitted" %+v`, awaitMessage[control.Admitted](t, eve)))
	}
	return saw
}

// TestThreeWays has a host do the same by REST, over the WebSocket and over the data channel: guests
// are told the same.
func TestThreeWays(t *testing.T) {
	want := []string{"muted", "asked", "message", "waiting", "admitted", "waiting", "admitted", "waiting", "rejected", "room", "moved", "removed", "removed"}
	got := make([][]string, len(ways))
	t.Run("ways", func(t *testing.T) {
		for n, way := range ways {
			t.Run(way, func(t *testing.T) {
				t.Parallel()
				got[n] = effects(t, way)
			})
		}
	})
	for n, way := range ways {
		if len(got[n]) != len(want) || fmt.Sprint(got[n]) != fmt.Sprint(got[0]) {
			t.Errorf("by %s guests are told\n%s\nand by REST\n%s", way, strings.Join(got[n], "\n"), strings.Join(got[0], "\n"))
			continue
		}
		for i, message := range got[n] {
			if !strings.Contains(message, `"type":"`+want[i]+`"`) {
				t.Errorf("by %s guests are told %s, want %q", way, message, want[i])
			}
		}
	}
}
