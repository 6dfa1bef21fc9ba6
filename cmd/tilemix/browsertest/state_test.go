package browsertest

import (
	"encoding/json"
	"fmt"
	"image"
	"strconv"
	"testing"
)

// person is a participant in the page's list.
type person struct {
	ID, Name   string
	AudioMuted bool
	VideoMuted bool
	Speaking   bool
	Screen     bool
}

// state is what the page knows of the call.
type state struct {
	ID           string
	Participants []person
	Layout       struct {
		Name          string
		Width, Height int
		View          struct{ Pin []string }
		Tiles         []struct {
			ID                  string
			Screen              bool
			X, Y, Width, Height int
		}
	}
}

func (p *page) state() (s state, err error) {
	return s, p.ask(`JSON.parse(JSON.stringify(window.tilemix?.state ?? {}))`, &s)
}

// waitForState waits until the page knows of something, and returns all of it.
func (p *page) waitForState(t *testing.T, what string, condition func(state) bool) state {
	t.Helper()
	var s state
	eventually(t, p.name+": "+what, func() (string, bool) {
		var err error
		if s, err = p.state(); err != nil {
			return err.Error(), false
		}
		return fmt.Sprintf("%+v", s), condition(s)
	})
	return s
}

// waitForTiles waits until exactly those people have tiles.
func (p *page) waitForTiles(t *testing.T, names ...string) state {
	t.Helper()
	return p.waitForState(t, fmt.Sprintf("tiles of %q", names), func(s state) bool {
		for _, name := range names {
			if s.tile(name).Empty() {
				return false
			}
		}
		return len(s.Layout.Tiles) == len(names) && len(s.Participants) == len(names)
	})
}

// person returns the participant of that name, the zero value for none.
func (s state) person(name string) person {
	for _, p := range s.Participants {
		if p.Name == name {
			return p
		}
	}
	return person{}
}

// tile returns where somebody is in the picture, the empty rectangle for nowhere.
func (s state) tile(name string) image.Rectangle {
	id := s.person(name).ID
	for _, tile := range s.Layout.Tiles {
		if tile.ID == id {
			return image.Rect(tile.X, tile.Y, tile.X+tile.Width, tile.Y+tile.Height)
		}
	}
	return image.Rectangle{}
}

// stream is one direction of sound or video in the page's WebRTC statistics.
type stream struct {
	Type, Kind    string // inbound-rtp or outbound-rtp; audio or video
	Codec         string // MIME type
	Width, Height int
	Frames        int     // decoded or encoded
	Energy        float64 // RFC 6464 levels squared, times seconds
}

// streams returns the statistics of the present connection.
func (p *page) streams() (all []stream, err error) {
	return all, p.ask(`(async () => {
		const report = await window.tilemix?.pc?.getStats() ?? new Map();
		return [...report.values()].filter((s) => /^(in|out)bound-rtp$/.test(s.type)).map((s) => ({
			type: s.type, kind: s.kind, codec: report.get(s.codecId)?.mimeType ?? '',
			width: s.frameWidth ?? 0, height: s.frameHeight ?? 0,
			frames: s.framesDecoded ?? s.framesEncoded ?? 0, energy: s.totalAudioEnergy ?? 0,
		}));
	})()`, &all)
}

// stream returns one of the streams, the zero value where there is none yet.
func (p *page) stream(direction, kind string) (stream, error) {
	all, err := p.streams()
	for _, s := range all {
		if s.Type == direction+"-rtp" && s.Kind == kind {
			return s, err
		}
	}
	return stream{}, err
}

// waitForStream waits until a stream is as it should be.
func (p *page) waitForStream(t *testing.T, what, direction, kind string, condition func(stream) bool) stream {
	t.Helper()
	var s stream
	eventually(t, p.name+": "+what, func() (string, bool) {
		var err error
		if s, err = p.stream(direction, kind); err != nil {
			return err.Error(), false
		}
		return fmt.Sprintf("%+v", s), condition(s)
	})
	return s
}

// quote makes a JavaScript string.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		return strconv.Quote(text)
	}
	return string(quoted)
}
