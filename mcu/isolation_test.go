package mcu_test

import (
	"bytes"
	"errors"
	"image"
	"os"
	"strings"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/codec/table"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/quality"
	"tilemix/mcu/worker"
)

// codecWorker is the argument with which this program is a codec worker.
const codecWorker = "codec-worker"

// fatal is a NAL unit that ends the worker of the tests. No decoder knows it.
var fatal = []byte("!crash")

// fragile is a decoder that such a unit ends, with all its process.
type fragile struct{ codec.VideoDecoder }

func (d fragile) MarkLoss() { d.VideoDecoder.(codec.LossMarker).MarkLoss() }

func (d fragile) Decode(au []byte) (*image.YCbCr, error) {
	if bytes.HasSuffix(au, fatal) {
		os.Exit(1)
	}
	return d.VideoDecoder.Decode(au)
}

// fragileVoice is to sound what fragile is to pictures.
type fragileVoice struct{ *opus.Decoder }

func (d fragileVoice) Decode(dst []float32, packet []byte) (int, error) {
	if bytes.HasSuffix(packet, fatal) {
		os.Exit(1)
	}
	return d.Decoder.Decode(dst, packet)
}

// serveCodecs is the worker.
func serveCodecs() int {
	if h264.Open("") != nil {
		return 2
	}
	err := worker.Child{NewDecoder: func(kind codec.Kind, l limit.Limits) (codec.VideoDecoder, error) {
		dec, err := table.Of(kind).NewDecoder(l)
		return fragile{dec}, err
	}, NewVoice: func() (codec.AudioDecoder, error) {
		dec, err := opus.NewDecoder()
		return fragileVoice{dec}, err
	}}.Serve()
	if err != nil {
		return 3
	}
	return 0
}

// TestIsolation has a camera end its decoder's process three times. The camera beside it goes on
// within a moment after the first, and notices nothing of the others. No sound is missing, and the
// server refuses the camera then and says so.
func TestIsolation(t *testing.T) {
	cfg := small()
	cfg.Isolation = worker.Isolation{Args: []string{"tilemix", codecWorker}}
	s := serve(t, cfg)
	good, evil, eye := s.join("isolation", "Good", both), s.join("isolation", "Evil", both), s.join("isolation", "Eye", viewer)
	camera := rtctest.Camera{Numbered: true, Draw: mcutest.Texture}
	good.Film(camera)
	good.Speak(adasVoice.Wave())
	places := s.place(good, evil)
	stop := film(evil, red)
	seen := view{
		quality.Follow(eye.Client, good.Client, camera, places[good], image.Pt(cfg.Width, cfg.Height)),
		quality.Listen(eye.Client, good.Client, adasVoice),
	}
	start := time.Now()
	s.await("both", func() bool {
		_, resumed := seen.Sight.Resumed(start)
		return resumed && seen.Heard()
	})
	const most = 600 * time.Millisecond
	lag, crowd, began := poll.Lag(t), poll.Crowd(t), time.Now()
	for n := range 3 {
		crashed := time.Now()
		var sent time.Time
		s.await("a crash", func() bool {
			if time.Since(sent) > time.Second { // a busy server may leave an access unit out
				evil.Video.Write(offBeat+uint32(time.Since(start).Milliseconds()*90), fatal)
				sent = time.Now()
			}
			return s.deaths() > float64(n)
		})
		s.await("the other camera again", func() bool {
			_, resumed := seen.Sight.Resumed(crashed)
			return resumed
		})
	}
	m, late, others := seen.between(began, time.Now(), time.Time{}), lag(), crowd()
	t.Logf("the other camera: %v; timers %v late, others use %.2f cores", m, late, others)
	switch {
	case m.Freeze <= most && m.gap <= 40*time.Millisecond:
	case late > 5*time.Millisecond, others > poll.Crowded:
		t.Log("not judged: the machine is busy")
	default:
		t.Errorf("the other camera stood still for %v, its sound for %v", m.Freeze, m.gap)
	}
	if refused := s.metric("tilemix_decoders_refused_total"); refused != 1 {
		t.Errorf("%v cameras are refused, not 1", refused)
	}
	s.await("the reason", func() bool { return strings.Contains(s.Log.String(), "decoder-crashed") })
	stop()
}

// deaths counts codec workers that streams have ended. One of the race detector takes long to end, which may count
// as a hang.
func (s *stage) deaths() float64 {
	return s.metric("tilemix_codec_worker_deaths_total", "crash") + s.metric("tilemix_codec_worker_deaths_total", "hang")
}

// TestTrial has a stream end its decoder before a room shows it. Only that decoder's process ends.
func TestTrial(t *testing.T) {
	cfg := small()
	cfg.Isolation = worker.Isolation{Args: []string{"tilemix", codecWorker}}
	s := serve(t, cfg)
	dec, err := s.NewDecoder(codec.H264)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	s.await("a worker that the stream ends", func() bool {
		_, err := dec.Decode(fatal)
		return errors.Is(err, worker.ErrRestarted)
	})
	if n := s.deaths(); n != 1 {
		t.Errorf("%v workers have crashed, not 1", n)
	}
}

// TestIsolatedSound has a microphone end its decoder's process three times. The voice beside it has no gap, and
// is heard on. The server refuses the microphone then and says so. Nobody sends a picture, so the workers are
// there for the sound alone.
func TestIsolatedSound(t *testing.T) {
	cfg := small()
	cfg.Isolation = worker.Isolation{Args: []string{"tilemix", codecWorker}}
	s := serve(t, cfg)
	good, evil, ear := s.join("isolation", "Good", both), s.join("isolation", "Evil", both), s.join("isolation", "Ear", viewer)
	good.Speak(adasVoice.Wave())
	heard := quality.Listen(ear.Client, good.Client, adasVoice)
	began := time.Now()
	s.await("the voice", func() bool { _, ok := heard.Resumed(began); return ok && heard.Heard() })
	s.await("spare workers", func() bool { return s.metric("tilemix_codec_workers") == 3 })
	lag, crowd := poll.Lag(t), poll.Crowd(t)
	began = time.Now()
	packet, sent := append([]byte{0x08}, fatal...), 0 // of 20 ms
	send := func() {
		if due := int(time.Since(began) / pcm.Duration); sent < due {
			evil.Audio.Write(uint32(sent*pcm.Samples), packet)
			sent++
		}
	}
	s.await("three crashes", func() bool { send(); return s.deaths() == 3 })
	s.await("the reason", func() bool { send(); return strings.Contains(s.Log.String(), "decoder-crashed") })
	ended := time.Now()
	s.await("the voice again", func() bool { _, ok := heard.Resumed(ended); return ok })
	gap, late, others := heard.Gap(began, ended), lag(), crowd()
	t.Logf("a gap of %v; %v packets made up; timers %v late, others use %.2f cores", gap, s.metric("tilemix_sound_bridged_total"), late, others)
	switch {
	case gap <= 40*time.Millisecond:
	case late > 5*time.Millisecond, others > poll.Crowded:
		t.Log("not judged: the machine is busy")
	default:
		t.Errorf("the other voice has a gap of %v", gap)
	}
	if refused := s.metric("tilemix_decoders_refused_total"); refused != 1 {
		t.Errorf("%v microphones are refused, not 1", refused)
	}
}
