package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"tilemix/cmd/tilemix/drain"
	"tilemix/cmd/tilemix/revive"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/mcu"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/folder"
	"tilemix/mcu/fonts"
	"tilemix/mcu/gateway"
	"tilemix/mcu/gateway/via"
	"tilemix/mcu/policy"
	"tilemix/mcu/record"
	"tilemix/mcu/record/copies"
	"tilemix/mcu/record/retention"
	"tilemix/mcu/still"
	"tilemix/mcu/turn"
	"tilemix/signaling"
	"tilemix/signaling/attachment"
	"tilemix/signaling/feed"
)

// house is the rooms and what serves them.
type house struct {
	runner
	handler http.Handler
	rooms   *mcu.Server
	drain   *drain.Drain
	changes changes
}

// newRooms makes the rooms and their HTTP side, which serves the metrics of others too. It
// starts nothing.
func newRooms(s *settings, log *slog.Logger, metrics *plainServer, others ...prometheus.Collector) (*house, error) {
	if err := s.openH264(log); err != nil {
		return nil, err
	}
	hooks, err := newWebhooks(s, log)
	if err != nil {
		return nil, err
	}
	entrance, err := newEntrance(s, log)
	if err != nil {
		return nil, err
	}
	cfg := s.config()
	if err := s.isolate(&cfg, s.OpenH264, log); err != nil {
		return nil, err
	}
	written := newAudit(s.DataDir, log)
	cfg.Decided = func(r policy.Ruling) { written.Note(signaling.Ruled(r)) }
	cfg.Banned, cfg.Rules, cfg.Overlays, cfg.FindLayout, cfg.Bars, cfg.Code = entrance.ban, entrance.rules, entrance.overlays, entrance.layouts.Find, entrance.bars, signaling.Config{}.Code
	files := s.attachments(&cfg, log)
	again := revive.Open(s.DataDir, log)
	cfg.Seats, cfg.Relay = again.Seats, s.member.relay()
	var rooms *mcu.Server
	memory := newReclaimer(func() int { return len(rooms.Rooms()) })
	events := feed.New(feed.Default())
	var recorder *record.Recorder // both are there before the first room
	var copier *copies.Copier
	cfg.Events = toAll(s.member.stays(hooks.Post), memory.Post, s.member.stays(events.Post), again.Post, func(e event.Event) { recorder.Hear(e); copier.Hear(e) }, s.member.Post)
	rooms, err = mcu.NewServer(cfg, log)
	if err != nil {
		return nil, err
	}
	cell := s.cell(log)
	recorder = s.recorder(cfg, rooms, again, cell, log)
	if copier, err = newCopier(s, cfg.Events, recorder, log); err != nil {
		return nil, err
	}
	site, change := s.site(), changes{rooms: rooms, hooks: hooks, recorder: recorder, entrance: entrance}
	site.Changes = func(to func(signaling.Config)) { change.site = to }
	site.Collectors = slices.Concat(hooks.Collectors(), copier.Collectors(), written.Collectors(), events.Collectors(), metricsOf(cell), s.traces.counted(others...))
	if metrics != nil {
		site.Metrics = func(h http.Handler) { metrics.handler = h }
	}
	site.Gate = entrance.gate(s, signaling.Members(rooms))
	site.Recorder, site.Audit, site.Events, site.Attachments, site.Stills = recorder, written.Note, events, files, still.New(rooms)
	site.Invites, site.Bans, site.Shelf, site.Layouts, site.Keys = entrance.invites, entrance.bans, entrance.shelf, entrance.layouts, entrance.keys
	site.Via = via.New()
	links, live := s.gateway(cfg, rooms, site.Via, cell, log), s.broadcaster(rooms, cell, again, log)
	site.Gateway, site.Broadcaster = again.Use(recorder, links, live)
	draining := newDrain(rooms, s.member, log)
	site.Drain, site.Undrain, site.Conditions = draining.Begin, draining.Undo, conditions(s, rooms, draining)
	if err := s.member.join(&site, rooms, again, draining, log); err != nil {
		return nil, err
	}
	handler, err := signaling.New(rooms, site, log)
	if err != nil {
		return nil, err
	}
	return &house{runUntilDrained{append(runAll{links, live, recorder, copier, rooms, memory, entrance, files, again}, s.member.parts()...), s.traces.with(hooks, written, kept(again.Keep))}, handler, rooms, draining, change}, nil
}

// openH264 loads what encodes H.264, and decodes it unless codec workers do.
func (s *settings) openH264(log *slog.Logger) error {
	if err := h264.Open(s.OpenH264); err != nil {
		return fmt.Errorf("%w\nOn Debian and Ubuntu: sudo apt-get install libopenh264-7\nElsewhere: name the library with --openh264 FILE", err)
	}
	if warning := h264.Warning(s.OpenH264); warning != "" {
		log.Warn("insecure OpenH264", "reason", warning)
	}
	return nil
}

// toAll hands an event to several, in their order.
func toAll(all ...func(event.Event)) func(event.Event) {
	return func(e event.Event) {
		for _, post := range all {
			post(e)
		}
	}
}

// texts are the texts of settings.
func texts[T ~string](all []T) (out []string) {
	for _, t := range all {
		out = append(out, string(t))
	}
	return out
}

// front is what the HTTP side needs to know of reverse proxies.
func (s *settings) front() (prefix string, trusted []netip.Prefix) {
	for _, p := range s.TrustedProxies {
		trusted = append(trusted, netip.Prefix(p))
	}
	return string(s.PathPrefix), trusted
}

// site is what the settings say of the HTTP side.
func (s *settings) site() signaling.Config {
	site := signaling.Default()
	site.Prefix, site.Trusted = s.front()
	site.Hosts, site.Origins, site.AddressRate = s.names(), texts(s.AllowOrigins), float64(s.AddressRate)
	s.traces.site(&site)
	site.Embedders, site.KeyRate = texts(s.EmbedOrigins), float64(s.APIRate)
	return site
}

// recorder records rooms.
func (s *settings) recorder(rooms mcu.Config, server *mcu.Server, again *revive.Revival, cell *ffmpeg.Cell, log *slog.Logger) *record.Recorder {
	audio := s.AudioCodec
	switch err := record.AACEncoder(); {
	case audio == "aac" && err != nil:
		log.Warn("nothing can be recorded", "error", err)
	case audio == "auto" && err != nil:
		audio = "opus"
	case audio == "auto":
		audio = "aac"
	}
	return record.New(record.Config{
		Dir: s.DataDir, Audio: audio, Events: rooms.Events, Spans: rooms.Spans, Rules: rooms.Rules, Ceilings: s.bounds(), Journal: again.Journal(), Cell: cell,
	}, server, log)
}

// bounds are those of recordings.
func (s *settings) bounds() record.Ceilings {
	return record.Ceilings{
		MaxTotal: int(s.MaxRecordings), MaxRoom: int(s.RoomRecordings),
		MaxLength: time.Duration(s.MaxRecording), MinFree: s.MinFree.or(record.Share),
		Keep: retention.Keeping{Age: time.Duration(s.KeepRecordings) * 24 * time.Hour, Size: s.RecordingsSize.or(0), DryRun: s.RecordingsDryRun},
	}
}

// advise adds what to do when another server uses the folder.
func advise(err error) error {
	if errors.Is(err, folder.ErrUsed) {
		return fmt.Errorf("%w\nGive each server a folder of its own: --data-dir DIR", err)
	}
	return err
}

// gateway connects rooms with other servers.
func (s *settings) gateway(rooms mcu.Config, server *mcu.Server, inside *via.Rooms, cell *ffmpeg.Cell, log *slog.Logger) *gateway.Gateway {
	cfg := gateway.Default()
	cfg.Dir, cfg.Private, cfg.Via, cfg.Events, cfg.Spans = s.DataDir, s.AllowPrivate, inside, rooms.Events, rooms.Spans
	cfg.MaxSource, cfg.Cell, cfg.AllForms = rooms.MaxSource, cell, readsAll(&rooms)
	return gateway.New(cfg, server, log)
}

// attachments keeps the files of the chat.
func (s *settings) attachments(rooms *mcu.Config, log *slog.Logger) *attachment.Store {
	cfg := attachment.Default()
	cfg.Dir = filepath.Join(s.DataDir, "files")
	store := attachment.Open(cfg, log)
	rooms.File = func(room, id string) (control.ChatFile, error) {
		f, err := store.Get(room, id, time.Now())
		if errors.Is(err, attachment.ErrNone) {
			err = fmt.Errorf("file: %w", mcu.ErrNotFound)
		}
		return f, err
	}
	return store
}

// broadcaster makes HLS of rooms.
func (s *settings) broadcaster(rooms *mcu.Server, cell *ffmpeg.Cell, again *revive.Revival, log *slog.Logger) *broadcast.Broadcaster {
	cfg := broadcast.Default()
	again.Configure(&cfg)
	cfg.OnDemand, cfg.Renditions, cfg.Cell = s.HLS, s.HLSRenditions, cell
	if s.HLSAudio == "auto" {
		cfg.Audio = []string{"opus", "aac"}
	}
	return broadcast.New(cfg, rooms, log)
}

// kept is a function that is a runner and may fail.
type kept func(context.Context) error

// Run runs the function until it returns.
func (k kept) Run(ctx context.Context) error { return k(ctx) }

// runAll runs several parts at the same time, until one of them fails or the context ends.
type runAll []runner

// Run returns once all parts have ended, with the first error.
func (parts runAll) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range parts {
		group.Go(func() error { return part.Run(ctx) })
	}
	return group.Wait()
}

// config is what the rooms need of the settings.
func (s *settings) config() mcu.Config {
	cfg := mcu.DefaultConfig()
	s.traces.rooms(&cfg)
	cfg.Layouts = s.Layouts.all
	cfg.Layout, cfg.Fonts = s.Layout, fonts.New(fonts.System()...)
	cfg.VideoBitrate = int(s.VideoBitrate)
	cfg.AudioBitrate = int(s.AudioBitrate)
	cfg.AudioChannels = s.AudioChannels
	cfg.Spatial = s.Spatial
	cfg.KeepLoudness = s.KeepLoudness
	cfg.Transition = time.Duration(s.Transition)
	cfg.MaxTiles = int(s.MaxTiles)
	cfg.MaxViews = cmp.Or(int(s.MaxViews), cfg.MaxViews)
	cfg.MaxParticipants = int(s.MaxParticipants)
	cfg.MaxRooms = int(s.MaxRooms)
	cfg.MaxSource = image.Point(s.MaxSource)
	cfg.DecoderMemory = limit.NewMemory(s.DecoderMemory.or(machineMemory() / 4))
	cfg.RTCPort, cfg.TURN, cfg.TURNPort = int(s.RTCPort), s.TURN, int(s.TURNPort)
	s.shared.apply(&cfg, int(s.Port))
	for _, server := range s.ICEServers {
		if server.Secret != "" {
			cfg.TURNServers = append(cfg.TURNServers, turn.Shared{URL: server.URL, Secret: server.Secret})
			continue
		}
		cfg.ICEServers = append(cfg.ICEServers, control.ICEServer{
			URLs:       []string{server.URL},
			Username:   server.Username,
			Credential: server.Password,
		})
	}
	cfg.MediaListen, cfg.MediaLocal = s.MediaListen, s.MediaLocal
	for _, ip := range s.PublicIPs {
		cfg.PublicIPs = append(cfg.PublicIPs, ip.String())
	}
	return cfg
}
