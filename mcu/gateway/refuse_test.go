package gateway_test

import (
	"errors"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/gateway/address"
)

// TestRefused asks for links that there cannot be.
func TestRefused(t *testing.T) {
	s := newStage(t, func(c *gateway.Config) { c.Private, c.Most = false, 2 })
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
	if _, err := s.AddOutput(t.Context(), "bare", gateway.OutputOptions{URL: "rtmp://127.0.0.1/a/" + key}); !errors.Is(err, gateway.ErrNoFFmpeg) {
		t.Errorf("it says %v", err)
	}
}
