package mcu

import (
	"testing"
	"time"

	"tilemix/codec/h264"
	"tilemix/mcu/control"
	"tilemix/mcu/room"
)

// TestChange takes over what may change, for rooms that begin, and nothing of a configuration that is not good.
func TestChange(t *testing.T) {
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	l := newLive(DefaultConfig())
	to := DefaultConfig()
	to.Layout, to.Transition, to.MaxTiles, to.MaxParticipants = "speaker", time.Second, 4, 7
	to.VideoBitrate, to.AudioBitrate, to.KeepLoudness = 2_000_000, 48_000, true
	to.ICEServers, to.MaxRooms = []control.ICEServer{{URLs: []string{"stun:a"}}}, 3
	to.RTCPort, to.FrameRate = 9, 15 // which need a restart
	if err := l.Change(to); err != nil {
		t.Fatal(err)
	}
	var env room.Env
	l.furnish(&env)
	if env.Layout != "speaker" || env.Transition.Length != time.Second || env.MaxTiles != 4 || env.MaxParticipants != 7 {
		t.Errorf("a room begins with %+v", env)
	}
	if env.Rungs[0].Bitrate != 2_000_000 || env.AudioBitrate != 48_000 || !env.KeepLoudness || env.Size.X != 1280 {
		t.Errorf("a room begins with %+v", env)
	}
	if c := l.cfg(); len(c.ICEServers) != 1 || c.MaxRooms != 3 || c.RTCPort != 0 || c.FrameRate != 30 {
		t.Errorf("the configuration is %+v", c)
	}
	before := l.cfg()
	to.Layout = "none"
	if err := l.Change(to); err == nil || l.cfg() != before {
		t.Errorf("with a layout that is not there: %v", err)
	}
}
