package main

import (
	"fmt"
	"log/slog"
	"net/http"

	"tilemix/codec/h264"
	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/signaling"
)

// newRooms makes the rooms and what HTTP shows of them. Nothing runs yet.
func newRooms(s *settings, log *slog.Logger) (*mcu.Server, http.Handler, error) {
	if err := h264.Open(s.OpenH264); err != nil {
		return nil, nil, fmt.Errorf("%w\nOn Debian and Ubuntu: sudo apt-get install libopenh264-7\nElsewhere: name the library with --openh264 FILE", err)
	}
	rooms, err := mcu.NewServer(s.config(), log)
	if err != nil {
		return nil, nil, err
	}
	return rooms, signaling.New(rooms, signaling.Default(), log), nil
}

// config is what the rooms need of the settings.
func (s *settings) config() mcu.Config {
	cfg := mcu.DefaultConfig()
	cfg.Layout = s.Layout
	cfg.VideoBitrate = int(s.VideoBitrate)
	cfg.MaxTiles = int(s.MaxTiles)
	cfg.MaxParticipants = int(s.MaxParticipants)
	cfg.MaxRooms = int(s.MaxRooms)
	cfg.RTCPort, cfg.TURN, cfg.TURNPort = int(s.RTCPort), s.TURN, int(s.TURNPort)
	for _, server := range s.ICEServers {
		cfg.ICEServers = append(cfg.ICEServers, control.ICEServer{
			URLs:       []string{server.URL},
			Username:   server.Username,
			Credential: server.Password,
		})
	}
	for _, ip := range s.PublicIPs {
		cfg.PublicIPs = append(cfg.PublicIPs, ip.String())
	}
	return cfg
}
