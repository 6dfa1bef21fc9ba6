package main

import (
	"flag"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/turn"
)

var update = flag.Bool("update", false, "write what the tests expect anew")

// TestMain makes this program the tilemix command of scripts and tests.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tilemix": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("COLUMNS", "100")
			return nil
		},
	})
}

// TestConfig follows flags into what the rooms are made with.
func TestConfig(t *testing.T) {
	usual := mcu.DefaultConfig()
	usual.Transition = 250 * time.Millisecond
	others := usual
	others.Layout = "speaker"
	others.VideoBitrate = 2_000_000
	others.AudioBitrate = 64_000
	others.AudioChannels = 2
	others.Spatial = true
	others.KeepLoudness = true
	others.MaxTiles = 9
	others.MaxParticipants = 30
	others.MaxRooms = 10
	others.ICEServers = []control.ICEServer{
		{URLs: []string{"stun:a"}},
		{URLs: []string{"turn:b:3478"}, Username: "ada", Credential: "secret"},
	}
	others.TURNServers = []turn.Shared{{URL: "turn:c", Secret: "north"}}
	others.PublicIPs = []string{"192.0.2.1", "2001:db8::1"}
	tests := []struct {
		flags string
		want  mcu.Config
	}{
		{"", usual},
		{"--layout speaker --video-bitrate 2000000 --audio-bitrate 64000 --audio-channels 2 --spatial --keep-loudness --max-tiles 9 --max-participants 30 --max-rooms 10 " +
			"--ice-server stun:a --ice-server turn:ada:secret@b:3478 --ice-server turn:secret=north@c --public-ip 192.0.2.1,2001:db8::1", others},
	}
	for _, test := range tests {
		var commands commands
		parser, err := newParser(&commands)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(append([]string{"serve"}, strings.Fields(test.flags)...)); err != nil {
			t.Fatal(err)
		}
		got := commands.Serve.config()
		got.DecoderMemory, got.Fonts = nil, nil // what this machine has
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("flags %q (-want +got):\n%s", test.flags, diff)
		}
	}
}

// started starts a program and returns its standard output.
func started(t testing.TB, command *exec.Cmd) io.Reader {
	t.Helper()
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return stdout
}
