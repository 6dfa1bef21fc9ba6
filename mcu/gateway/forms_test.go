package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/codec/h264/libav"
	"tilemix/codec/limit"
	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/worker"
)

// codecWorker is the argument with which this program is a codec worker that decodes by libavcodec.
const codecWorker = "codec-worker"

func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != codecWorker {
		mcutest.Main(m)
		return
	}
	if libav.Open() != nil {
		os.Exit(2)
	}
	err := worker.Child{NewDecoder: func(_ codec.Kind, l limit.Limits) (codec.VideoDecoder, error) { return libav.NewDecoder(l) }}.Serve()
	if err != nil {
		os.Exit(3)
	}
}

// TestAllForms plays H.264 that OpenH264 does not read. libavcodec does, in a codec worker, so FFmpeg copies it.
func TestAllForms(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	if err := libav.Open(); err != nil {
		t.Skip(err)
	}
	settings := mcutest.Small()
	settings.Isolation = worker.Isolation{Args: []string{"tilemix", codecWorker}}
	s := stageOf(t, settings, func(c *gateway.Config) { c.AllForms = true })
	vic := s.enter("forms", "Vic", webrtc.RTPTransceiverDirectionRecvonly)
	for name, args := range map[string]string{
		"interlaced.mp4": "-pix_fmt yuv420p -flags +ildct+ilme -x264opts interlaced=1",
		"deep.mp4":       "-pix_fmt yuv422p10le",
	} {
		film(t, filepath.Join(s.dir, name), append([]string{"-t", "2", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"}, strings.Fields(args)...)...)
		i, err := s.AddInput(t.Context(), "forms", gateway.InputOptions{URL: "file:" + name, Loop: true})
		if err != nil {
			t.Fatal(err)
		}
		expect(vic)
		if up := s.await(gateway.Input, "forms", i.ID, name, in(gateway.Up)); up.Transcoded != "" {
			t.Errorf("%s is transcoded because %q", name, up.Transcoded)
		}
		if err := s.Remove(t.Context(), gateway.Input, "forms", i.ID); err != nil {
			t.Fatal(err)
		}
	}
}
