package main

import (
	"log/slog"
	"os"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/malloc"
	"tilemix/codec/table"
	"tilemix/mcu"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/worker"
)

// isolationSettings say in which processes cameras are decoded.
type isolationSettings struct {
	Isolation         string `enum:"room,server,off" default:"room" help:"Processes that decode cameras: those of each room (room), of the server (server), or the server itself (off). off also runs FFmpeg without a sandbox."`
	IsolationRequired bool   `help:"End if the kernel lacks a layer of the sandbox around the processes that decode."`
	Isolated          bool   `kong:"-"` // this process may start workers: it is the program tilemix
}

// isolate has cameras decoded by workers, which are this program again.
func (s *isolationSettings) isolate(cfg *mcu.Config, openH264 string) {
	if s.Isolation == "off" || !s.Isolated {
		return
	}
	args := []string{os.Args[0], "codec-worker"}
	if openH264 != "" {
		args = append(args, "--openh264", openH264)
	}
	cfg.Isolation = worker.Isolation{Args: args, Shared: s.Isolation == "server", Full: s.IsolationRequired}
}

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
	OpenH264 string `name:"openh264"`
}

// Run decodes what the server asks for until the server ends.
func (c *workerCommand) Run() error {
	malloc.Bound()
	if err := h264.Open(c.OpenH264); err != nil {
		return err
	}
	return worker.Child{NewDecoder: func(kind codec.Kind, l limit.Limits) (codec.VideoDecoder, error) {
		return table.Of(kind).NewDecoder(l)
	}}.Serve()
}
