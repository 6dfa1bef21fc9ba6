package signaling_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/policy"
	"tilemix/mcu/rules"
	"tilemix/signaling"
	"tilemix/signaling/access"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/invite"
	"tilemix/signaling/access/pin"
	"tilemix/signaling/access/source"
)

// operator is the key of a program that may do everything.
const operator = "Bearer operator"

// operatorKey is the source of it.
type operatorKey struct{}

func (operatorKey) Grant(_ context.Context, q access.Request) (policy.Grant, bool, error) {
	return policy.Grant{Role: policy.Host, Rights: policy.All(), Name: "Operator"}, "Bearer "+q.Secret == operator, nil
}

// guarded returns the URL of a server whose rooms ask for invites. Changes are of its mcu.Config and
// its signaling.Config.
func guarded(t *testing.T, mode access.Mode, changes ...any) (url string, shelf *book.Shelf) {
	t.Helper()
	shelf = book.New(filepath.Join(t.TempDir(), "rooms"), quiet)
	bans := ban.New(shelf)
	cfg := mcu.DefaultConfig()
	cfg.Banned = func(room string, b policy.Ban) {
		if _, err := bans.Add(room, book.Ban{Identity: b.Identity, By: b.By, Until: b.Until}, time.Now()); err != nil {
			t.Error(err)
		}
	}
	for _, change := range changes {
		if f, ok := change.(func(*mcu.Config)); ok {
			f(&cfg)
		}
	}
	cfg.Rules = ruled(shelf)
	srv := newServerOf(t, cfg)
	site := gated(srv, shelf, mode)
	for _, change := range changes {
		if f, ok := change.(func(*signaling.Config)); ok {
			f(&site)
		}
	}
	return serve(t, srv, site), shelf
}

// ruled returns the rules of rooms as a shelf has them.
func ruled(shelf *book.Shelf) func(room string) (rules.Terms, error) {
	return func(room string) (r rules.Terms, err error) {
		b, err := shelf.View(room)
		if err != nil || len(b.Rules) == 0 {
			return r, err
		}
		return r, json.Unmarshal(b.Rules, &r)
	}
}

// gated is the configuration of a server whose clients are looked at as a shelf says.
func gated(srv *server, shelf *book.Shelf, mode access.Mode) signaling.Config {
	site := signaling.Default()
	site.Shelf, site.Invites, site.Bans = shelf, invite.New(shelf), ban.New(shelf)
	site.Gate = access.New(access.Config{
		Auth: func(room string) (access.Mode, error) {
			r, err := ruled(shelf)(room)
			return access.Mode(r.Auth), err
		},
		Mode: mode, Trusts: func() bool { return false }, Members: signaling.Members(srv),
		Sources: []access.Source{operatorKey{}, source.Invites{Invites: site.Invites}},
		Checks:  []access.Check{source.Bans(site.Bans), source.PINs(pin.New(shelf)), source.Uses(site.Invites)},
	})
	return site
}

// come opens a WebSocket with secrets, and returns the welcome or the refusal.
func come(t *testing.T, url, name string, secrets ...string) (conn *websocket.Conn, welcome control.Welcome, refused string) {
	t.Helper()
	//nolint:bodyclose // Dial has closed it
	conn, answer, err := websocket.Dial(t.Context(), url+"/ws/den?name="+name, &websocket.DialOptions{
		Subprotocols: append([]string{"tilemix"}, secrets...),
	})
	if err != nil {
		if answer == nil {
			t.Fatal(err)
		}
		var body struct{ Code string }
		_ = json.NewDecoder(answer.Body).Decode(&body)
		provoked.Store(body.Code, true)
		return nil, welcome, fmt.Sprint(answer.StatusCode, " ", body.Code)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	_, data, err := conn.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m, err := control.Decode(data); err == nil {
		welcome, _ = m.(control.Welcome)
	}
	return conn, welcome, ""
}

// invited makes an invite and returns its secret and its ID.
func invited(t *testing.T, url, body string) (secret, id string) {
	t.Helper()
	r := do(t, http.MethodPost, url+"/api/v1/rooms/den/invites", body, "Content-Type", "application/json", "Authorization", operator)
	r.want(t, http.StatusCreated)
	made := read[struct {
		Secret, Link string
		Invite       struct{ ID string }
	}](t, r)
	if !strings.HasSuffix(made.Link, "/r/den#i="+made.Secret) || strings.Contains(r.Header.Get("Location"), made.Secret) {
		t.Errorf("link %q, Location %q", made.Link, r.Header.Get("Location"))
	}
	return made.Secret, made.Invite.ID
}

// TestInvites has guests come to a room by invites, which end.
func TestInvites(t *testing.T) {
	url, _ := guarded(t, access.Invite)
	if _, _, refused := come(t, url, "Eve"); refused != "401 missing_credential" {
		t.Errorf("without an invite: %q", refused)
	}
	if _, _, refused := come(t, url, "Eve", "bearer.tmi_guess"); refused != "401 invite_invalid" {
		t.Errorf("with a guess: %q", refused)
	}
	secret, id := invited(t, url, `{"role":"host","uses":1}`)
	_, ada, refused := come(t, url, "Ada", "bearer."+secret)
	if refused != "" || ada.Role != "host" {
		t.Fatalf("Ada is %+v, refused %q", ada, refused)
	}
	if _, _, refused := come(t, url, "Eve", "bearer."+secret); refused != "403 invite_used" {
		t.Errorf("a second guest: %q", refused)
	}
	if _, _, refused := come(t, url, "Ada", "bearer."+secret, "resume."+ada.Resume); refused != "" {
		t.Errorf("Ada comes back: %q", refused)
	}
	guests, gid := invited(t, url, `{}`)
	if _, ben, refused := come(t, url, "Ben", "bearer."+guests); refused != "" || ben.Role != "participant" {
		t.Errorf("Ben is %+v, refused %q", ben, refused)
	}
	for _, one := range []string{id, gid} {
		do(t, http.MethodDelete, url+"/api/v1/rooms/den/invites/"+one, "", "Authorization", operator).want(t, http.StatusNoContent)
	}
	if _, _, refused := come(t, url, "Cid", "bearer."+guests); refused != "403 invite_revoked" {
		t.Errorf("by an invite that is revoked: %q", refused)
	}
	list := do(t, http.MethodGet, url+"/api/v1/rooms/den/invites", "", "Authorization", operator)
	if strings.Contains(list.body, guests) || strings.Count(list.body, `"revoked"`) != 2 {
		t.Errorf("the list is %s", list.body)
	}
}

// TestKickHolds kicks a guest: it comes back by no way it knows. Another one comes in, and the host
// lifts the ban.
func TestKickHolds(t *testing.T) {
	url, _ := guarded(t, access.Invite)
	bens, _ := invited(t, url, `{}`)
	cids, _ := invited(t, url, `{}`)
	conn, ben, _ := come(t, url, "Ben", "bearer."+bens)
	if conn == nil {
		t.Fatal("Ben is not let in")
	}
	connect(t, conn)
	do(t, http.MethodDelete, url+"/api/v1/rooms/den/participants/"+ben.ID, `{"reason":"noise"}`,
		"Content-Type", "application/json", "Authorization", operator).want(t, http.StatusNoContent)
	if r := awaitMessage[control.Removed](t, conn); r.Code != "banned" || r.Reason != "noise" {
		t.Errorf("Ben is told %+v", r)
	}
	for name, secrets := range map[string][]string{"invite": {"bearer." + bens}, "resume": {"bearer." + bens, "resume." + ben.Resume}} {
		if _, _, refused := come(t, url, "Ben", secrets...); refused != "403 banned" {
			t.Errorf("by %s: %q", name, refused)
		}
	}
	r := do(t, http.MethodPost, url+"/whip/den?name=Ben", "v=0", "Content-Type", typeSDP, "Authorization", "Bearer "+bens)
	if r.StatusCode != http.StatusForbidden || !strings.Contains(r.body, `"banned"`) {
		t.Errorf("by WHIP: %s %s", r.Status, r.body)
	}
	if _, _, refused := come(t, url, "Cid", "bearer."+cids); refused != "" {
		t.Errorf("Cid: %q", refused)
	}
	all := read[struct{ Bans []struct{ ID string } }](t, do(t, http.MethodGet, url+"/api/v1/rooms/den/bans", "", "Authorization", operator))
	if len(all.Bans) != 1 {
		t.Fatalf("bans: %+v", all)
	}
	do(t, http.MethodDelete, url+"/api/v1/rooms/den/bans/"+all.Bans[0].ID, "", "Authorization", operator).want(t, http.StatusNoContent)
	if _, _, refused := come(t, url, "Ben", "bearer."+bens); refused != "" {
		t.Errorf("after the ban is lifted: %q", refused)
	}
}

// TestPINs has a room ask for a PIN: of participants, and another one of hosts.
func TestPINs(t *testing.T) {
	url, shelf := guarded(t, access.Open)
	_, err := shelf.Update("den", "", func(b *book.Book) (err error) {
		for role, digits := range map[policy.Role]string{policy.Participant: "1234", policy.Host: "987654"} {
			if b.Pins, err = pin.Set(b.Pins, role, digits); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ pin, refused, role string }{
		{"", "401 pin_missing", ""},
		{"pin.1111", "401 pin_wrong", ""},
		{"pin.1234", "", "participant"},
		{"pin.987654", "", "host"},
	} {
		_, w, refused := come(t, url, "Ada", strings.Fields(c.pin)...)
		if refused != c.refused || w.Role != c.role {
			t.Errorf("PIN %q: role %q, refused %q", c.pin, w.Role, refused)
		}
	}
}

// decide sets the rules of a room, and returns their ETag.
func decide(t *testing.T, url, body string, want int, header ...string) (etag string) {
	t.Helper()
	r := do(t, http.MethodPut, url+"/api/v1/rooms/den/rules", body, append([]string{"Content-Type", "application/json", "Authorization", operator}, header...)...)
	r.want(t, want)
	return r.Header.Get("ETag")
}

// TestRules decides about a room before anybody is in it.
func TestRules(t *testing.T) {
	url, shelf := guarded(t, access.Open)
	first := decide(t, url, `{"title":"Exam","maxParticipants":{"total":1},"pins":{"host":"987654"}}`, http.StatusOK)
	decide(t, url, `{"title":"Exam 2"}`, http.StatusPreconditionFailed, "If-Match", `"stale"`)
	decide(t, url, `{"lobby":"sofa"}`, http.StatusBadRequest)
	decide(t, url, `{"pins":{"host":"12"}}`, http.StatusBadRequest)
	r := do(t, http.MethodGet, url+"/api/v1/rooms/den/rules", "", "Authorization", operator)
	if !strings.Contains(r.body, `"title":"Exam"`) || !strings.Contains(r.body, `"pins":["host"]`) || strings.Contains(r.body, "987654") || r.Header.Get("ETag") != first {
		t.Errorf("the rules are %s, %q", r.body, r.Header.Get("ETag"))
	}
	ada, _, _ := come(t, url, "Ada")
	connect(t, ada)
	if _, _, refused := come(t, url, "Ben"); refused != "503 room_full" {
		t.Errorf("Ben in a room for one: %q", refused)
	}
	decide(t, url, `{"lock":true}`, http.StatusOK, "If-Match", first)
	if _, _, refused := come(t, url, "Ben"); refused != "403 room_locked" {
		t.Errorf("Ben in a locked room: %q", refused)
	}
	decide(t, url, `{"notBefore":"2100-01-01T00:00:00Z"}`, http.StatusOK)
	if _, _, refused := come(t, url, "Ben"); refused != "403 room_early" {
		t.Errorf("Ben before the time: %q", refused)
	}
	decide(t, url, `{"expires":"2001-01-01T00:00:00Z"}`, http.StatusOK)
	if _, _, refused := come(t, url, "Ben"); refused != "410 room_over" {
		t.Errorf("Ben after the time: %q", refused)
	}
	if b, err := shelf.View("den"); err != nil || !strings.Contains(string(b.Rules), "2001-01-01") || len(b.Pins) != 1 {
		t.Errorf("the file has %s, %v", b.Rules, err)
	}
}

// TestLocksAtOnce has the rule that locks a room hold while the first host is still connecting, and until a host unlocks it.
func TestLocksAtOnce(t *testing.T) {
	url, _ := guarded(t, access.Open)
	decide(t, url, `{"lock":true}`, http.StatusOK)
	host, _ := invited(t, url, `{"role":"host"}`)
	ada, _, _ := come(t, url, "Ada", "bearer."+host)
	locked := func(when string) {
		t.Helper()
		if _, _, refused := come(t, url, "Ben"); refused != "403 room_locked" {
			t.Errorf("Ben, %s: %q", when, refused)
		}
	}
	locked("while Ada connects")
	connect(t, ada)
	locked("while Ada is in")
	sendJSON(t, ada, control.Lock{})
	poll.Until(t, "Ben to come in", func() bool { _, _, refused := come(t, url, "Ben"); return refused == "" })
}

// TestLobby has a guest wait until a host lets it in, over the connection that it has.
func TestLobby(t *testing.T) {
	url, _ := guarded(t, access.Open)
	decide(t, url, `{"lobby":"all","maxDuration":3600}`, http.StatusOK)
	host, _ := invited(t, url, `{"role":"host"}`)
	ada, w, _ := come(t, url, "Ada", "bearer."+host)
	if w.Role != "host" {
		t.Fatalf("Ada is %+v", w)
	}
	connect(t, ada)
	ben, _, refused := come(t, url, "Ben")
	if refused != "" {
		t.Fatalf("Ben is refused: %q", refused)
	}
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	sendJSON(t, ben, control.Offer{SDP: c.offer(t, true, false)})
	c.accept(t, awaitMessage[control.Answer](t, ben).SDP)
	if p := awaitMessage[control.Waiting](t, ben); p.Position != 1 {
		t.Errorf("Ben waits at %d", p.Position)
	}
	list := read[struct{ Waiting []struct{ ID, Name string } }](t, do(t, http.MethodGet, url+"/api/v1/rooms/den/waiting", "", "Authorization", operator))
	if len(list.Waiting) != 1 || list.Waiting[0].Name != "Ben" {
		t.Fatalf("there wait %+v", list)
	}
	do(t, http.MethodPost, url+"/api/v1/rooms/den/waiting/"+list.Waiting[0].ID+"/admit", "", "Authorization", operator).want(t, http.StatusNoContent)
	if m := awaitMessage[control.Admitted](t, ben); m.Room != "den" {
		t.Errorf("Ben is admitted to %q", m.Room)
	}
	poll.Until(t, "Ben in the list", func() bool {
		return len(awaitMessage[control.Participants](t, ben).Participants) == 2
	})
	do(t, http.MethodPost, url+"/api/v1/rooms/den/waiting/nobody/reject", "", "Authorization", operator).want(t, http.StatusNotFound)
}

// connect has a client's media connection stand, without which it is nobody for the others.
func connect(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	negotiate(t, conn)
	poll.Until(t, "a list with somebody in it", func() bool {
		return len(awaitMessage[control.Participants](t, conn).Participants) > 0
	})
}

// negotiate has a client offer media, and takes the answer. The connection may stand later.
func negotiate(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	sendJSON(t, conn, control.Offer{SDP: c.offer(t, true, false)})
	c.accept(t, awaitMessage[control.Answer](t, conn).SDP)
}

// awaitMessage reads until there is a message of a type, for poll.Patience at most.
func awaitMessage[M control.Message](t *testing.T, conn *websocket.Conn) M {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), poll.Patience)
	defer cancel()
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			t.Fatalf("while waiting for a %T: %v", *new(M), err)
		}
		fits(t, "FromServer", data)
		if m, err := control.Decode(data); err == nil {
			if of, ok := m.(M); ok {
				return of
			}
		}
	}
}

func sendJSON(t *testing.T, conn *websocket.Conn, m control.Message) {
	t.Helper()
	data, err := control.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	fits(t, "FromClient", data)
	if err := conn.Write(t.Context(), websocket.MessageText, data); err != nil {
		t.Fatal(err)
	}
}

// TestKeyRate has a program ask too often: its key has to wait, and another secret does not.
func TestKeyRate(t *testing.T) {
	url, _ := guarded(t, access.Invite, func(cfg *signaling.Config) { cfg.KeyRate = 0.2 })
	at := url + "/api/v1/rooms/den/invites"
	host, _ := invited(t, url, `{"role":"host"}`)
	r := do(t, http.MethodGet, at, "", "Authorization", operator)
	for range 5 {
		if r.StatusCode == http.StatusOK {
			r = do(t, http.MethodGet, at, "", "Authorization", operator)
		}
	}
	if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") == "" || !strings.Contains(r.body, `"too_many_requests"`) {
		t.Errorf("one too many is answered %s %s", r.Status, r.body)
	}
	do(t, http.MethodGet, at, "", "Authorization", "Bearer "+host).want(t, http.StatusOK)
}

// TestInviteReturns has a client of WHIP lose its connection: it comes back by its Link although its
// invite is used up, and by the invite alone it does not.
func TestInviteReturns(t *testing.T) {
	url, _ := guarded(t, access.Invite)
	secret, _ := invited(t, url, `{"uses":1}`)
	post := func(at string) reply {
		t.Helper()
		c := newClient(t, webrtc.RTPTransceiverDirectionSendonly)
		return do(t, http.MethodPost, url+at, c.offer(t, true, false), "Content-Type", typeSDP, "Authorization", "Bearer "+secret)
	}
	first := post("/whip/den?name=Ada")
	first.want(t, http.StatusCreated)
	post("/whip/den?name=Ada").want(t, http.StatusForbidden)
	post("/whip/den?name=Ada&resume=guess").want(t, http.StatusForbidden)
	back := post(resumed(t, first))
	back.want(t, http.StatusCreated)
	post(resumed(t, first)).want(t, http.StatusForbidden)
	do(t, http.MethodDelete, url+back.Header.Get("Location"), "").want(t, http.StatusOK)
	post(resumed(t, back)).want(t, http.StatusForbidden)
}

// TestWishedRole has clients come in a role of fewer rights than they have. A viewer has no tile, a host
// that comes as a participant moderates nobody, and no client gains rights.
func TestWishedRole(t *testing.T) {
	url, _ := guarded(t, access.Open)
	for _, tt := range []struct{ secret, role, want string }{
		{"", "viewer", "viewer [watch view.own]"},
		{"", "participant", "participant"},
		{"", "host", "403 forbidden"},
		{"", "recorder", "403 forbidden"},
		{"", "king", "400 bad_request"},
		{"bearer.operator", "participant", "participant"},
		{"bearer.operator", "recorder", "recorder [watch view.own]"},
		{"bearer.operator", "host", "host"},
	} {
		_, welcome, got := come(t, url, "Ada&role="+tt.role, tt.secret)
		if got == "" {
			role := cmp.Or(welcome.Role, "participant")
			got = fmt.Sprint(role, " ", welcome.Rights)
			if moderates := slices.Contains(welcome.Rights, "moderate"); moderates != (role == "host") {
				t.Errorf("%q as %s may moderate: %v", tt.secret, tt.role, moderates)
			}
		}
		if !strings.HasPrefix(got, tt.want) {
			t.Errorf("%q as %s: %s, want %s", tt.secret, tt.role, got, tt.want)
		}
	}
}
