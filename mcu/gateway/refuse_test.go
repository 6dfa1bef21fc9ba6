package gateway_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/gateway"
	"tilemix/mcu/gateway/address"
	"tilemix/mcu/mcutest"
)

// TestRefused asks for links that there cannot be.
func TestRefused(t *testing.T) {
	s := newStage(t, func(c *gateway.Config) { c.Private, c.MaxPerRoom = false, 2 })
	add := func(room, url string, want error) {
		t.Helper()
		if _, err := s.AddOutput(t.Context(), room, gateway.OutputOptions{URL: url}); !errors.Is(err, want) {
			t.Errorf("%s to %s: %v", room, url, err)
		}
	}
	add("refused", "rtmp://93.184.215.14/a/"+key, mcu.ErrNotFound)
	ada, err := s.Join(mcu.JoinOptions{Room: "refused", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ada.Leave()
		<-ada.Done()
	}()
	add("refused", "nonsense", address.ErrRefused)
	add("refused", "rtmp://127.0.0.1/a/"+key, address.ErrRefused)
	add("refused", "rtmp://localhost/a/"+key, address.ErrRefused)
	add("refused", "rtmp://169.254.169.254/a/"+key, address.ErrRefused)
	if all := s.List(gateway.Output, "refused"); len(all) != 0 {
		t.Errorf("there are %+v", all)
	}
	tool(t, "ffmpeg")
	add("refused", "rtmp://nowhere.invalid/a/"+key, nil)
	add("refused", "rtmp://nowhere.invalid/a/"+key, nil)
	add("refused", "rtmp://nowhere.invalid/a/"+key, gateway.ErrTooMany)
	one := s.List(gateway.Output, "refused")[0]
	if _, err := s.Get(gateway.Output, "other", one.ID); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("it is in another room: %v", err)
	}
	if _, err := s.Get(gateway.Input, "refused", one.ID); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("it is an input: %v", err)
	}
	down := s.await(gateway.Output, "refused", one.ID, "no such host", in(gateway.Down))
	t.Log(down.Reason)
}

// TestNoFFmpeg asks for what needs FFmpeg where there is none.
func TestNoFFmpeg(t *testing.T) {
	s := newStage(t, func(c *gateway.Config) { c.FFmpeg = "no-such-ffmpeg" })
	ada, err := s.Join(mcu.JoinOptions{Room: "bare", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ada.Leave()
		<-ada.Done()
	}()
	if _, err := s.AddOutput(t.Context(), "bare", gateway.OutputOptions{URL: "rtmp://127.0.0.1/a/" + key}); !errors.Is(err, ffmpeg.ErrMissing) {
		t.Errorf("it says %v", err)
	}
}

// TestPlaylists reads playlists from a web server that lead to where no stream may come
// from: files of this machine, and hosts that nobody looked at. The one that leads to the
// same server is played.
func TestPlaylists(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	vic := s.enter("lists", "Vic", webrtc.RTPTransceiverDirectionRecvonly)
	dir := t.TempDir()
	film(t, filepath.Join(dir, "x.ts"), "-t", "10", "-c:v", "libx264", "-tune", "zerolatency", "-c:a", "aac")
	segment := func(url string) string {
		return "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n" + url + "\n#EXT-X-ENDLIST\n"
	}
	port := mcutest.Port(t)
	lists := map[string]string{
		"good.m3u8":   segment("x.ts"),
		"file.m3u8":   segment("file://" + dir + "/x.ts"),
		"crypto.m3u8": segment("crypto+file://" + dir + "/x.ts"),
		"pipe.m3u8":   segment("pipe:3"),
		"list.txt":    "ffconcat version 1.0\nfile x.ts\n",
		"other.sdp":   "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video " + port + " RTP/AVP 96\na=rtpmap:96 H264/90000\n",
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	for name, text := range lists {
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) })
	}
	web := httptest.NewServer(mux)
	defer web.Close()
	for name := range lists {
		i, err := s.AddInput(t.Context(), "lists", gateway.InputOptions{URL: web.URL + "/" + name})
		if err != nil {
			t.Fatal(err)
		}
		if name == "good.m3u8" {
			expect(vic)
		} else {
			down := s.await(gateway.Input, "lists", i.ID, name+" to be refused", func(i gateway.Info) bool { return i.State == gateway.Up || failed(i) })
			if down.State != gateway.Down || strings.Contains(down.Reason, "it ended") {
				t.Errorf("%s: %+v", name, down)
			}
			t.Log(name, down.Reason)
		}
		if err := s.Remove(t.Context(), gateway.Input, "lists", i.ID); err != nil && !errors.Is(err, mcu.ErrNotFound) { // the film may be over
			t.Fatal(err)
		}
	}
}

// TestReasons has long things be said that are cut where a key or a letter is.
func TestReasons(t *testing.T) {
	reason := reasons(t)
	for _, text := range []string{
		strings.Repeat("a", 295) + key,
		"a" + strings.Repeat("é", 300),
		strings.Repeat("a", 5000) + key + strings.Repeat("b", 4090),
		strings.Repeat("a", 5000) + key + strings.Repeat("b", 4000) + "\nthe end",
	} {
		if r := reason(text); r == "" || len(r) > 300 || !utf8.ValidString(r) || strings.Contains(r, "s3c") || strings.Contains(r, "key") {
			t.Errorf("it is %q", r)
		}
	}
}

// reasons returns what tells the reason of a push whose FFmpeg says something and ends.
func reasons(t *testing.T) func(said string) string {
	t.Helper()
	dir := t.TempDir()
	said, program := filepath.Join(dir, "said"), filepath.Join(dir, "ffmpeg")
	syscall.ForkLock.RLock() // the kernel runs no file that a child has open for writing (ETXTBSY)
	err := os.WriteFile(program, []byte("#!/bin/sh\ncat '"+said+"' >&2\nexit 1\n"), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(c *gateway.Config) { c.FFmpeg, c.Cell = program, nil }) // a cell would not let it read what to say
	ada, err := s.Join(mcu.JoinOptions{Room: "reasons", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ada.Leave()
		<-ada.Done()
	})
	return func(text string) string {
		if err := os.WriteFile(said, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		i, err := s.AddOutput(t.Context(), "reasons", gateway.OutputOptions{URL: "rtmp://127.0.0.1/a/" + key})
		if err != nil {
			t.Fatal(err)
		}
		down := s.await(gateway.Output, "reasons", i.ID, "an end", in(gateway.Down))
		if err := s.Remove(t.Context(), gateway.Output, "reasons", i.ID); err != nil {
			t.Fatal(err)
		}
		return down.Reason
	}
}

// TestServerFull asks for more links than the server may have, in several rooms.
func TestServerFull(t *testing.T) {
	s := newStage(t, func(c *gateway.Config) { c.MaxTotal = 2 })
	for i, want := range []error{nil, nil, gateway.ErrTooMany} {
		room := []string{"one", "two", "three"}[i]
		p, err := s.Join(mcu.JoinOptions{Room: room, Name: "Ada"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			p.Leave()
			<-p.Done()
		}()
		if _, err := s.AddOutput(t.Context(), room, gateway.OutputOptions{URL: "whip+http://nowhere.invalid/" + key}); !errors.Is(err, want) {
			t.Errorf("in room %s: %v", room, err)
		}
	}
	one := s.List(gateway.Output, "one")[0]
	if err := s.Remove(t.Context(), gateway.Output, "one", one.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddOutput(t.Context(), "three", gateway.OutputOptions{URL: "whip+http://nowhere.invalid/" + key}); err != nil {
		t.Errorf("after one has gone: %v", err)
	}
}

// TestOneAddress has one address add links until it has its share. Others still can.
func TestOneAddress(t *testing.T) {
	tool(t, "ffmpeg")
	s := newStage(t, func(c *gateway.Config) { c.MaxTotal = 8 })
	ada, err := s.Join(mcu.JoinOptions{Room: "share", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ada.Leave()
		<-ada.Done()
	}()
	one, other := netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("192.0.2.8/32")
	for i, c := range []struct {
		from netip.Prefix
		want error
	}{{one, nil}, {one, nil}, {one, gateway.ErrTooMany}, {other, nil}, {netip.Prefix{}, nil}, {netip.Prefix{}, nil}, {netip.Prefix{}, nil}} {
		_, err := s.AddOutput(t.Context(), "share", gateway.OutputOptions{URL: "rtmp://nowhere.invalid/a/" + key, From: c.from})
		if !errors.Is(err, c.want) {
			t.Errorf("output %d of %v: %v, want %v", i, c.from, err, c.want)
		}
	}
	if _, err := s.AddInput(t.Context(), "share", gateway.InputOptions{URL: "rtmp://nowhere.invalid/a/" + key, From: one}); !errors.Is(err, gateway.ErrTooMany) {
		t.Errorf("an input: %v", err)
	}
}

// TestOrigin has WHIP servers lead to another one, by a redirection and by the address of the session.
// The other one gets no request.
func TestOrigin(t *testing.T) {
	s := newStage(t, nil)
	ada, err := s.Join(mcu.JoinOptions{Room: "origin", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ada.Leave()
		<-ada.Done()
	}()
	var asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	mux := http.NewServeMux()
	mux.Handle("/redirect", http.RedirectHandler(other.URL+"/internal/"+key, http.StatusTemporaryRedirect))
	mux.HandleFunc("/location", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", other.URL+"/internal/admin?delete="+key)
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("no answer"))
	})
	endpoint := httptest.NewServer(mux)
	defer endpoint.Close()
	for path, why := range map[string]string{"/redirect": "another origin", "/location": ""} {
		i, err := s.AddOutput(t.Context(), "origin", gateway.OutputOptions{URL: "whip+" + endpoint.URL + path, Token: key})
		if err != nil {
			t.Fatal(err)
		}
		if down := s.await(gateway.Output, "origin", i.ID, "its end", in(gateway.Down)); !strings.Contains(down.Reason, why) {
			t.Errorf("%s: %+v", path, down)
		}
		if err := s.Remove(t.Context(), gateway.Output, "origin", i.ID); err != nil {
			t.Fatal(err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the other server got %d requests", n)
	}
}
