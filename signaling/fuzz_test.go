package signaling_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"tilemix/signaling"
)

// request runs one request without a network.
func request(t testing.TB, h http.Handler, method, path, contentType string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("If-Match", "*")
	r.Host, r.RemoteAddr = "localhost", "127.0.0.1:1" // which no rate bounds
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// FuzzPost sends bodies to WHIP: each makes a session, which can be ended, or an error.
func FuzzPost(f *testing.F) {
	offer := newClient(f, webrtc.RTPTransceiverDirectionSendrecv).offer(f, true, false)
	f.Add([]byte(offer))
	f.Add([]byte(strings.ReplaceAll(offer, "H264", "VP8")))
	f.Add([]byte("v=0\r\n"))
	srv := newServer(f)
	h := handler(f, srv, signaling.Default(), quiet)
	f.Fuzz(func(t *testing.T, body []byte) {
		w := request(t, h, http.MethodPost, "/whip/hall?name=a", typeSDP, body)
		switch w.Code {
		case http.StatusCreated:
			gone := request(t, h, http.MethodDelete, w.Header().Get("Location"), "", nil)
			if gone.Code != http.StatusOK {
				t.Errorf("delete: %d", gone.Code)
			}
		case http.StatusBadRequest, http.StatusNotAcceptable, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		srv.wantRooms(t)
	})
}

// FuzzPatch sends fragments to a session: none of them ends it or makes it fail. The server
// ends a session whose client does not connect, so the target then makes another.
func FuzzPatch(f *testing.F) {
	offer := newClient(f, webrtc.RTPTransceiverDirectionSendrecv).offer(f, true, false)
	h := handler(f, newServer(f), signaling.Default(), quiet)
	create := func(t testing.TB) (session string) {
		created := request(t, h, http.MethodPost, "/whip/hall?name=a", typeSDP, []byte(offer))
		if created.Code != http.StatusCreated {
			t.Fatalf("%d: %s", created.Code, created.Body)
		}
		return created.Header().Get("Location")
	}
	session := create(f)
	f.Add([]byte(fragment(offer)))
	f.Add([]byte("a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"))
	f.Add([]byte("a=candidate:1 1 tcp 1 127.0.0.1 9 typ host tcptype active\na=end-of-candidates"))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := request(t, h, http.MethodPatch, session, typeFrag, body)
		if w.Code == http.StatusNotFound {
			session = create(t)
			w = request(t, h, http.MethodPatch, session, typeFrag, body)
		}
		switch w.Code {
		case http.StatusOK, http.StatusNoContent, http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}
