package signaling_test

import (
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/control"
	"tilemix/signaling"
)

// TestReflector names another machine's address in offers and candidates a hundred times. That
// address gets no packet.
func TestReflector(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	victim, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	at := victim.LocalAddr().(*net.UDPAddr)
	candidate := func(i int) string {
		return fmt.Sprintf("candidate:%d 1 udp %d 127.0.0.1 %d typ host", i, 2130706431-i, at.Port)
	}
	c := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	offer := c.offer(t, false, false)
	var named strings.Builder
	for i := range 100 {
		named.WriteString("a=" + candidate(i) + "\r\n")
	}
	ufrag := regexp.MustCompile(`a=ice-ufrag:\w+`)
	hostile := ufrag.ReplaceAllString(offer, "a=ice-ufrag:"+strings.Repeat("u", 256)+"\r\n"+strings.TrimSpace(named.String()))
	do(t, http.MethodPost, url+"/whip/hall", ufrag.ReplaceAllString(offer, "a=ice-ufrag:"+strings.Repeat("u", 257)),
		"Content-Type", typeSDP).want(t, http.StatusBadRequest)
	created := do(t, http.MethodPost, url+"/whip/hall", hostile, "Content-Type", typeSDP)
	created.want(t, http.StatusCreated)
	do(t, http.MethodPatch, url+created.Header.Get("Location"), "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na="+candidate(200)+"\r\n",
		"Content-Type", typeFrag, "If-Match", "*").want(t, http.StatusNoContent)
	eve := dial(t, url, "Eve")
	eve.send(t, fmt.Sprintf(`{"type":"offer","sdp":%q}`, hostile))
	next[control.Answer](t, eve)
	eve.send(t, fmt.Sprintf(`{"type":"candidate","candidate":{"sdpMid":"0","candidate":%q}}`, candidate(201)))

	got := 0
	_ = victim.SetReadDeadline(time.Now().Add(500 * time.Millisecond)) // ICE sends its first checks at once
	for b := make([]byte, 1500); ; {
		n, err := victim.Read(b)
		if err != nil {
			break
		}
		got += n
	}
	if sent := len(hostile); got > 0 {
		t.Errorf("%d bytes reached another machine, %.1f for each byte of the request", got, float64(got)/float64(sent))
	}
}
