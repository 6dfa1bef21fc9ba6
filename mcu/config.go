package mcu

import (
	"context"
	"fmt"
	"image"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/fonts"
	"tilemix/mcu/ladder"
	"tilemix/mcu/overlay"
	"tilemix/mcu/policy"
	"tilemix/mcu/relay"
	"tilemix/mcu/rules"
	"tilemix/mcu/seats"
	"tilemix/mcu/turn"
	"tilemix/mcu/worker"
	"tilemix/mixer/layout"
)

// Config is how a server mixes and whom it lets in. Start from DefaultConfig.
type Config struct {
	Width, Height int    // of the mix, in pixels, even
	FrameRate     int    // of the mix, pictures a second
	VideoBitrate  int    // of the mix, bits a second
	AudioBitrate  int    // of the mix, bits a second, 6000 to 510,000; of stereo twice that
	AudioChannels int    // of the mix, 1 or 2
	Spatial       bool   // in two channels, mono voices are placed where their tiles are
	KeepLoudness  bool   // of each voice, instead of bringing all to the same
	Layout        string // that a room begins with, "grid" or "speaker"
	// Layouts are those that rooms have beside those of package layout.
	Layouts []layout.Layout
	// FindLayout returns further ones by their names, and false where there is none. Room loops call it, so it
	// must not block. nil: there are none.
	FindLayout func(name string) (layout.Layout, bool)

	Fonts           *fonts.Library // of names that are not Latin, Greek or Cyrillic; nil: none
	Transition      time.Duration  // how long tiles move to another place; 0: they jump
	MaxTiles        int            // on the canvas, 1 to layout.MaxTiles; the others are not seen
	MaxViews        int            // of all rooms together, beside the view that each room has by itself
	MaxParticipants int            // a room, viewers included, at most 10,000
	MaxRooms        int

	// MaxSource is the largest picture of a sender that is decoded, in pixels, wide or upright.
	MaxSource image.Point
	// DecoderMemory is what all decoders may hold together. nil has no bound.
	DecoderMemory *limit.Memory
	Isolation     worker.Isolation // of decoders

	TURNServers []turn.Shared       // others' TURN servers, for which clients get credentials
	ICEServers  []control.ICEServer // handed to clients
	PublicIPs   []string            // of the server, when it is behind a one-to-one NAT
	MediaListen []netip.Addr        // that media and TURN are received on; none are all of the machine
	MediaLocal  bool                // only programs of this machine can send and receive media
	RTCPort     int                 // of all media, UDP and TCP; 0 is a free one
	TURN        bool                // there is a TURN server, which relays to this server only
	TURNPort    int                 // of it, UDP and TCP; 0 is a free one

	// MediaTCP and TURNTCP take the connections of media and of TURN on a port that both share with
	// others; nil: each opens its own. TURN then shares the UDP sockets of media too.
	MediaTCP, TURNTCP net.Listener
	TURNS             bool     // TURNTCP takes connections by TLS too
	TURNNames         []string // that its certificate has; none: the addresses of the server

	// Events is told what happens in rooms, in order for each of them. It is called
	// with locks held, so it must neither block nor call the server. It may be nil.
	Events func(event.Event)
	// Spans is told how long joins and stays took, in the same way as Events. It may be nil.
	Spans func(event.Span)
	// Rules returns what was decided about a room beforehand; an error keeps clients out of it. It
	// is called with locks held, so it must not call the server. nil: nothing was decided.
	Rules func(room string) (rules.Terms, error)
	// Overlays returns what the pictures of a room show when a call begins. It may block. nil: nothing
	// was decided.
	Overlays func(room string) overlay.Sets
	// File returns what was uploaded for a room under an ID, or an error that wraps ErrNotFound. It must
	// not block. nil: nothing can be uploaded.
	File func(room, id string) (control.ChatFile, error)
	// Bars returns why somebody is banned from a room, nil if they are not. It may block. nil: nobody is.
	Bars func(room string, who policy.Ban) error
	// Code returns the code of an error, by which programs decide, "" for none of its own. It may be nil.
	Code func(error) string
	// Seats outlast a crash of the server, so that clients come back as who they were. nil: none do.
	Seats *seats.Seats
	// Relay hands an offer for what a relay of this node pulls to the home of the room, another node, and
	// returns the answer. Any goroutine may call it. nil: this node relays nothing.
	Relay func(ctx context.Context, room string, p relay.Part, offer string) (answer string, err error)
	// Banned is told whom hosts ban from a room, and Decided what hosts and programs did in a room
	// or were refused. Room loops call them, so they must not block. They may be nil.
	Banned  func(room string, b policy.Ban)
	Decided func(policy.Ruling)
}

// DefaultConfig returns the settings of a server without options.
func DefaultConfig() Config {
	return Config{
		Width: 1280, Height: 720, FrameRate: 30,
		VideoBitrate: 1_500_000, AudioBitrate: 32_000, AudioChannels: 1,
		Layout:          "grid",
		MaxTiles:        layout.MaxTiles,
		MaxViews:        max(2, runtime.NumCPU()),
		MaxParticipants: 100,
		MaxRooms:        100,
		MaxSource:       image.Pt(2560, 1440),
	}
}

// layoutOf returns the layout of a name, and false where there is none.
func (c Config) layoutOf(name string) (l layout.Layout, ok bool) {
	for _, l := range c.Layouts {
		if l.Name == name {
			return l, true
		}
	}
	if l, ok := layout.ByName(name); ok || c.FindLayout == nil {
		return l, ok
	}
	return c.FindLayout(name)
}

// Check returns why no server can be made with a configuration, in words for the operator.
func (c Config) Check() error {
	if _, ok := c.layoutOf(c.Layout); !ok {
		return fmt.Errorf("layout %q is neither grid nor speaker nor one of the operator's own", c.Layout)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width%2 != 0 || c.Height%2 != 0 {
		return fmt.Errorf("picture size %dx%d is not even and positive", c.Width, c.Height)
	}
	if c.FrameRate <= 0 || c.VideoBitrate <= 0 || c.AudioBitrate <= 0 {
		return fmt.Errorf("frame rate and bitrates must be positive")
	}
	if err := c.checkSound(); err != nil {
		return err
	}
	if c.MaxTiles < 1 || c.MaxTiles > layout.MaxTiles {
		return fmt.Errorf("there can be 1 to %d tiles, not %d", layout.MaxTiles, c.MaxTiles)
	}
	if most := control.MaxTransition * time.Millisecond; c.Transition < 0 || c.Transition > most {
		return fmt.Errorf("tiles move for 0 to %v, not %v (--transition)", most, c.Transition)
	}
	if c.MaxParticipants <= 0 || c.MaxRooms <= 0 {
		return fmt.Errorf("the most participants and rooms must be positive")
	}
	if c.MaxSource.X <= 0 || c.MaxSource.Y <= 0 {
		return fmt.Errorf("the largest source %dx%d is not positive", c.MaxSource.X, c.MaxSource.Y)
	}
	if c.MaxParticipants > maxParticipants {
		return fmt.Errorf("a room can have %d participants, not %d", maxParticipants, c.MaxParticipants)
	}
	if err := checkPorts(c); err != nil {
		return err
	}
	for _, rung := range c.ladder() {
		if rung == (ladder.Rung{}) {
			continue
		}
		enc, err := videoCodecs{}.NewEncoder(codec.H264, codec.VideoConfig{
			Width: rung.Size.X, Height: rung.Size.Y, FrameRate: rung.FrameRate, Bitrate: rung.Bitrate,
		})
		if err != nil {
			return fmt.Errorf("%d bits a second are too few for the mix, take more (--video-bitrate): %w", rung.Bitrate, err)
		}
		_ = enc.Close()
	}
	return nil
}

func (c Config) checkSound() error {
	if c.AudioBitrate < minAudioBitrate || c.AudioBitrate > maxAudioBitrate {
		return fmt.Errorf("the bitrate of sound is %d bits a second, not %d to %d (--audio-bitrate)", c.AudioBitrate, minAudioBitrate, maxAudioBitrate)
	}
	if c.AudioChannels != 1 && c.AudioChannels != 2 {
		return fmt.Errorf("sound has 1 or 2 channels, not %d (--audio-channels)", c.AudioChannels)
	}
	if c.Spatial && c.AudioChannels != 2 {
		return fmt.Errorf("voices are placed (--spatial) in two channels only, and sound has one; add --audio-channels 2")
	}
	return nil
}

// ladder has what viewers can have of the mix.
func (c Config) ladder() []ladder.Rung {
	return ladder.Of(ladder.Rung{Size: image.Pt(c.Width, c.Height), FrameRate: c.FrameRate, Bitrate: c.VideoBitrate})
}

// Bitrates that Opus takes (RFC 6716 §2.1.1).
const minAudioBitrate, maxAudioBitrate = 6000, 510_000

// maxParticipants bounds what a room sets aside for those who may come.
const maxParticipants = 10_000

// maxName is the length of the longest name, in runes of a participant, in
// bytes of a room.
const maxName = 64

// CheckRoomName holds rooms to what fits a URL: 1–64 of letters, digits, - and _. Others
// are ErrBadName.
func CheckRoomName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("%w: a room's name has 1 to %d characters", ErrBadName, maxName)
	}
	for _, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return fmt.Errorf("%w: a room's name has only letters, digits, - and _", ErrBadName)
		}
	}
	return nil
}

// cleanName returns a participant's name as it is shown, and reads the fonts that it needs.
func (c *Config) cleanName(name string) (string, error) {
	name, err := cleanName(name)
	c.Fonts.Prepare(name)
	return name, err
}

// cleanName returns a participant's name as it is shown. No name is "Guest".
func cleanName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("%w: the participant's name is not UTF-8", ErrBadName)
	}
	name = strings.Join(strings.FieldsFunc(visible(name), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if utf8.RuneCountInString(name) > maxName {
		return "", fmt.Errorf("%w: a participant's name has at most %d characters", ErrBadName, maxName)
	}
	if !strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) }) {
		return "Guest", nil
	}
	return name, nil
}

// visible drops what nobody sees of a name but what changes how the rest is shown:
// directions of writing, characters without a width. Joiners stay between letters
// and between the parts of an emoji, where writing needs them.
func visible(name string) string {
	const nonJoiner, joiner = '\u200c', '\u200d'
	all := []rune(name)
	kept := all[:0]
	for i, r := range all {
		joins := (r == nonJoiner || r == joiner) && len(kept) > 0 && joined(kept[len(kept)-1]) &&
			i+1 < len(all) && joined(all[i+1])
		if joins || !unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) {
			kept = append(kept, r)
		}
	}
	return string(kept)
}

// joined tells whether a joiner may stand beside r.
func joined(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.S) }

// blocks returns a number of pixels in whole macroblocks, as H.264 codes pictures: 1080 is 1088.
func blocks(pixels int) int { return (pixels + 15) / 16 * 16 }
