package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/h264/libav"
	"tilemix/codec/limit"
	"tilemix/codec/malloc"
	"tilemix/codec/table"
	"tilemix/mcu"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/worker"
)

// isolationSettings say in which processes cameras and microphones are decoded.
type isolationSettings struct {
	Isolation         string `enum:"room,server,off" default:"room" help:"Processes that decode cameras and microphones: those of each room (room), of the server (server), or the server itself (off). off also runs FFmpeg without a sandbox."`
	IsolationRequired bool   `help:"End if the kernel lacks a layer of the sandbox around the processes that decode."`
	Decoder           string `enum:"openh264,libavcodec,auto" default:"openh264" help:"Decoder of H.264: OpenH264 (openh264), FFmpeg's libavcodec 59 or 60 (libavcodec), or libavcodec where it is installed (auto). libavcodec needs --isolation room or server."`
	Isolated          bool   `kong:"-"` // this process may start workers: it is the program tilemix
}

// isolate has cameras and microphones decoded by workers, which are this program again.
func (s *isolationSettings) isolate(cfg *mcu.Config, openH264 string, log *slog.Logger) error {
	if s.Isolation == "off" || !s.Isolated {
		if s.Decoder == "libavcodec" && s.Isolated {
			return errors.New("--decoder libavcodec decodes in codec workers alone: leave --isolation off out, or take --decoder openh264")
		}
		return nil
	}
	args := []string{os.Args[0], "codec-worker"}
	if openH264 != "" {
		args = append(args, "--openh264", openH264)
	}
	if s.Decoder == "libavcodec" || s.Decoder == "auto" {
		version, err := probe(args)
		switch {
		case err == nil:
			args = append(args, "--libavcodec")
			log.Info("cameras of H.264 are decoded by libavcodec", "version", version)
		case s.Decoder == "libavcodec":
			return err
		}
	}
	cfg.Isolation = worker.Isolation{Args: args, Shared: s.Isolation == "server", Full: s.IsolationRequired}
	return nil
}

// probe returns the version of libavcodec that a codec worker loads. This process does not load it.
func probe(args []string) (version string, err error) {
	probe := exec.CommandContext(context.Background(), "/proc/self/exe")
	probe.Args = append(slices.Clone(args), "--libavcodec", "--probe")
	var said strings.Builder
	probe.Stderr = &said
	out, err := probe.Output()
	if err != nil {
		return "", fmt.Errorf("--decoder libavcodec: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// readsAll tells whether the decoder of the workers reads H.264 of all forms.
func readsAll(cfg *mcu.Config) bool { return slices.Contains(cfg.Isolation.Args, "--libavcodec") }

// cellArg is the argument with which the server starts what becomes FFmpeg.
const cellArg = "codec-ffmpeg"

// cell returns what locks FFmpeg in, or nil.
func (s *isolationSettings) cell(log *slog.Logger) *ffmpeg.Cell {
	if s.Isolation == "off" || !s.Isolated {
		return nil
	}
	return ffmpeg.NewCell([]string{os.Args[0], cellArg}, log)
}

// metricsOf returns the metrics of what locks FFmpeg in.
func metricsOf(cell *ffmpeg.Cell) []prometheus.Collector {
	if cell == nil {
		return nil
	}
	return []prometheus.Collector{cell}
}

// workerCommand is what the server starts. It is of no use to people.
type workerCommand struct {
	OpenH264   string `name:"openh264"`
	Libavcodec bool   `name:"libavcodec"` // decodes H.264
	Probe      bool   // print the version of libavcodec, and decode nothing
}

// Run decodes what the server asks for until the server ends.
func (c *workerCommand) Run(app *kong.Kong) error {
	malloc.Bound()
	if c.Libavcodec {
		if err := libav.Open(); err != nil {
			return err
		}
	}
	if c.Probe {
		_, err := fmt.Fprintln(app.Stdout, libav.Version())
		return err
	}
	if err := h264.Open(c.OpenH264); err != nil {
		return err
	}
	return worker.Child{NewDecoder: c.newDecoder}.Serve()
}

// newDecoder returns a decoder, which the caller closes.
func (c *workerCommand) newDecoder(kind codec.Kind, l limit.Limits) (codec.VideoDecoder, error) {
	if c.Libavcodec && kind == codec.H264 {
		return libav.NewDecoder(l)
	}
	return table.Of(kind).NewDecoder(l)
}
