package broadcast_test

import (
	"bytes"
	"fmt"
	"image"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/mcu"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/mcutest"
)

// TestEachRendition broadcasts a room in two sizes and as sound alone, each in Opus and AAC. All of it keeps the rules
// of HLS, and FFmpeg decodes each pair without an error, in its size and with a tone to be heard.
func TestEachRendition(t *testing.T) {
	t.Parallel()
	ffmpeg := codectest.Program(t, "ffmpeg")
	cfg := mcu.DefaultConfig()
	cfg.Width, cfg.Height = 640, 360
	live := broadcast.Default()
	live.Cell = mcutest.Cell(quiet)
	r := newRigOf(t, cfg, live)
	r.film("live", true)
	i, _, err := r.Start("live", broadcast.Options{Renditions: []string{"360p", "180p", "audio"}, Audio: []string{"opus", "aac"}})
	if err != nil || i.Notice != "" || !slices.Equal(i.Renditions, []string{"360p", "180p", "audio"}) || !slices.Equal(i.Audio, []string{"opus", "aac"}) {
		t.Fatalf("%+v, %v", i, err)
	}
	p, err := r.play("live", "video")
	if err != nil {
		t.Fatal(err)
	}
	for p.played < 3*time.Second {
		if _, err := p.next(); err != nil {
			t.Fatal(err)
		}
	}
	lists := broadcast.CheckRules(t, func(path string) (string, error) {
		body, _, status := r.ask("live/" + path)
		if status != http.StatusOK {
			return "", fmt.Errorf("%d", status)
		}
		return body, nil
	}, false)
	if len(lists) != 4 {
		t.Errorf("there are %v", lists)
	}
	var group sync.WaitGroup
	for _, at := range lists {
		group.Go(func() {
			err := decodes(t, ffmpeg, r.url+"/live/"+at)
			for began := time.Now(); err != nil && time.Since(began) < 30*time.Second; { // a busy machine leaves sound out
				err = decodes(t, ffmpeg, r.url+"/live/"+at)
			}
			if err != nil {
				t.Errorf("%s: %v", at, err)
			}
		})
	}
	group.Wait()
}

// decodes has FFmpeg play a second of a rendition. A picture is not of one grey, and sound is not silent.
func decodes(t *testing.T, ffmpeg, url string) error {
	kind, args := "audio", []string{"-f", "s16le", "-ac", "1", "-ar", "8000", "-"}
	size := image.Pt(640, 360)
	if strings.Contains(url, "/video") {
		kind, args = "video", []string{"-f", "rawvideo", "-pix_fmt", "gray", "-"}
		if strings.Contains(url, "/video2") {
			size = image.Pt(320, 180)
		}
	}
	var out, said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), ffmpeg, append([]string{"-v", "error", "-xerror", "-live_start_index", "-2", "-i", url, "-t", "1"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil || said.Len() > 0 {
		return fmt.Errorf("%w: %s", err, said.Bytes())
	}
	data := out.Bytes()
	if kind == "audio" {
		loudest := 0
		for i := 1; i < len(data); i += 2 {
			loudest = max(loudest, int(int8(data[i])))
		}
		if len(data) < 2*4000 || loudest < 2 { // of 127
			return fmt.Errorf("%d bytes, the loudest is %d", len(data), loudest)
		}
		return nil
	}
	picture := size.X * size.Y
	if len(data) < 5*picture || len(data)%picture != 0 {
		return fmt.Errorf("%d bytes are no pictures of %v", len(data), size)
	}
	first, last := data[:picture], data[len(data)-picture:]
	if bytes.Equal(first, last) {
		return fmt.Errorf("nothing moves")
	}
	return nil
}
