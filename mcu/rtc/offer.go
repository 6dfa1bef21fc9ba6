package rtc

import (
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"

	"tilemix/codec"
	"tilemix/codec/table"
)

// wishes is what an offer asks of us: whether it wants to receive each kind.
type wishes struct{ audio, video bool }

// CheckOffer returns why an offer would be refused, as far as that is known
// without a connection: with ErrBadSDP or ErrNoCodec.
func CheckOffer(sdp string) error {
	_, err := inspect(sdp)
	return err
}

// inspect reads an offer before pion does, so that a refusal can say why. Media
// that is not ours to speak is an error, and so is a second microphone or camera;
// kinds that are absent are not.
func inspect(offer string) (wishes, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(offer); err != nil {
		return wishes{}, fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	var w wishes
	usable, sends := false, map[string]bool{}
	for _, m := range desc.MediaDescriptions {
		kind := m.MediaName.Media
		if unwanted(m) || (kind != "audio" && kind != "video") {
			continue
		}
		if err := speaks(m); err != nil {
			return wishes{}, err
		}
		// pion finds these missing too, but too late: it could take no other offer.
		for _, key := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
			if _, above := desc.Attribute(key); !above && !has(m, key) && !has(m, "bundle-only") {
				return wishes{}, fmt.Errorf("%w: the %s offered has no %s", ErrBadSDP, kind, key)
			}
		}
		usable = true
		if !has(m, "recvonly") && !has(m, "inactive") {
			if sends[kind] {
				return wishes{}, fmt.Errorf("%w: it sends more than one %s", ErrBadSDP, kind)
			}
			sends[kind] = true
		}
		receives := !has(m, "sendonly") && !has(m, "inactive")
		w.audio = w.audio || (kind == "audio" && receives)
		w.video = w.video || (kind == "video" && receives)
	}
	if !usable {
		return wishes{}, fmt.Errorf("%w: it offers neither audio nor video", ErrBadSDP)
	}
	return w, nil
}

// unwanted returns whether port 0 says that a section is not wanted; with bundle-only it
// says that the section has no port of its own (RFC 9143 §6).
func unwanted(m *sdp.MediaDescription) bool {
	return m.MediaName.Port.Value == 0 && !has(m, "bundle-only")
}

// speaks returns ErrNoCodec if a media section lacks the codec that the server needs.
func speaks(m *sdp.MediaDescription) error {
	if m.MediaName.Media == "audio" {
		if !hasCodec(m, "opus/48000") {
			return fmt.Errorf("%w: the audio offered has no Opus", ErrNoCodec)
		}
		return nil
	}
	if pictureOffered(m) != 0 {
		return nil
	}
	var names []string
	for _, v := range table.Videos() {
		names = append(names, v.Kind.String())
	}
	if !hasCodec(m, "h264/90000") {
		return fmt.Errorf("%w: the video offered has no %s", ErrNoCodec, strings.Join(names, " or "))
	}
	return fmt.Errorf("%w: the H.264 offered has no packetization-mode=1 in a baseline, main or high profile"+
		" (where no packetization-mode is named, it is 0), and there is no %s", ErrNoCodec, strings.Join(names[1:], " or "))
}

// pictureOffered returns the first codec of codec/table that a media section has; none is the zero
// value.
func pictureOffered(m *sdp.MediaDescription) codec.Kind {
	names, lines := formats(m)
	for _, v := range table.Videos() {
		for _, pt := range m.MediaName.Formats {
			if isFormat(&v, names[pt], lines[pt]) {
				return v.Kind
			}
		}
	}
	return 0
}

func hasCodec(m *sdp.MediaDescription, name string) bool {
	for _, a := range m.Attributes {
		_, codec, _ := strings.Cut(a.Value, " ")
		if a.Key == "rtpmap" && strings.HasPrefix(strings.ToLower(codec), name) {
			return true
		}
	}
	return false
}

func has(m *sdp.MediaDescription, attribute string) bool {
	_, ok := m.Attribute(attribute)
	return ok
}
