package offer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"

	"tilemix/codec"
)

// Offer is an offer that can be answered. It is not safe for concurrent use.
type Offer struct {
	// Text is the offer as pion takes it.
	Text string
	// Audio and Video tell whether the client wants to receive each kind.
	Audio, Video bool
	// Picture is what pictures are of in both directions; 0 where none is offered.
	Picture codec.Kind
	// Stereo says, before Answer, that the server takes two channels of sound, and sends them to a
	// client that takes them.
	Stereo bool
	// Candidates is how many addresses the client named. Text has none of them.
	Candidates int

	sections []*section
	bundled  bool // the client named a BUNDLE group
}

// Read reads an offer before pion does, so that a refusal can say why: with ErrBadSDP,
// ErrNoCodec or ErrUnbundled. A kind that is absent is no reason, nor are sections that are
// neither sound nor a picture. picture is what the connection's pictures are of since an
// earlier offer, which stays so; 0 lets this offer decide.
func Read(text string, picture codec.Kind) (*Offer, error) {
	var desc sdp.SessionDescription
	text, named := withoutCandidates(text)
	if err := desc.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	o := &Offer{}
	for i, m := range desc.MediaDescriptions {
		o.sections = append(o.sections, readSection(&desc, m, i))
	}
	if err := o.inspect(&desc); err != nil {
		return nil, err
	}
	if err := cmp.Or(checkICE(&desc), checkFingerprints(&desc), checkNames(o.sections)); err != nil {
		return nil, err
	}
	if err := o.bundle(&desc); err != nil {
		return nil, err
	}
	o.Picture = o.choose(picture)
	o.Candidates = named + dropCandidates(&desc)
	for _, s := range o.sections {
		s.simplify(o.Picture)
	}
	out, err := desc.Marshal()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	o.Text = string(out)
	return o, nil
}

// Flows tells whether sound or pictures are to flow in any direction. An offer without is for a
// connection that waits, as in a call on hold.
func (o *Offer) Flows() bool {
	for _, s := range o.sections {
		if s.wanted && s.isMedia() && (s.sends || s.receives) {
			return true
		}
	}
	return false
}

// inspect finds what cannot be answered.
func (o *Offer) inspect(desc *sdp.SessionDescription) error {
	usable := false
	for _, s := range o.sections {
		if !s.wanted || !s.isMedia() {
			continue
		}
		if err := s.speaks(); err != nil {
			return err
		}
		for _, key := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
			if _, above := desc.Attribute(key); !above && !has(s.media, key) && !has(s.media, "bundle-only") {
				return fmt.Errorf("%w: the %s offered has no a=%s", ErrBadSDP, s.kind, key)
			}
		}
		usable = true
		o.Audio = o.Audio || s.kind == "audio" && s.receives
		o.Video = o.Video || s.kind == "video" && s.receives
	}
	if !usable {
		return fmt.Errorf("%w: it offers neither audio nor video", ErrBadSDP)
	}
	return o.screens()
}

// screens finds out which sections are of a screen: those that say so (a=content:slides, RFC 4796
// §5), and otherwise the second of a kind that the client sends. An offer sends at most one camera,
// one microphone, one screen and one screen's sound.
func (o *Offer) screens() error {
	for _, kind := range []string{"audio", "video"} {
		var camera, screen *section
		for _, s := range o.sections {
			if s.kind != kind || !s.wanted || !s.sends {
				continue
			}
			slides := s.slides()
			switch {
			case (slides || camera != nil) && screen == nil:
				screen, s.screen = s, true
			case !slides && camera == nil:
				camera = s
			default:
				return fmt.Errorf("%w: it sends more %s than a participant has: the server takes one camera with its microphone,"+
					" and one screen (a=content:slides) with its sound; leave the rest to another session", ErrBadSDP, kind)
			}
		}
	}
	return nil
}

// bundle leaves one group in the offer, BUNDLE, of the sections that there are (RFC 9143 §7.3).
// One section without a group is taken as a group of one.
func (o *Offer) bundle(desc *sdp.SessionDescription) error {
	var group []string
	kept := desc.Attributes[:0]
	for _, a := range desc.Attributes {
		if a.Key != "group" {
			kept = append(kept, a)
			continue
		}
		if fields := strings.Fields(a.Value); len(fields) > 0 && fields[0] == "BUNDLE" && group == nil {
			group, o.bundled = fields[1:], true
		}
	}
	desc.Attributes = kept
	var mids, outside []string
	for _, s := range o.sections {
		switch {
		case !s.wanted:
		case o.bundled && s.hadMid && slices.Contains(group, s.mid), !s.hadMid && o.bundled:
			mids = append(mids, s.mid)
		default:
			outside = append(outside, s.mid)
		}
	}
	if len(mids) == 0 && len(outside) == 1 {
		mids, outside = outside, nil
	}
	if len(outside) > 0 {
		return fmt.Errorf("%w: sections %s are not in a=group:BUNDLE, and the server has one transport a client;"+
			" offer all of them in one a=group:BUNDLE (GStreamer's webrtcbin: bundle-policy=max-bundle)",
			ErrUnbundled, strings.Join(outside, ", "))
	}
	desc.Attributes = append([]sdp.Attribute{{Key: "group", Value: "BUNDLE " + strings.Join(mids, " ")}}, desc.Attributes...)
	return nil
}

// choose returns what pictures are of: H.264 where one section has one that goes before VP8.
// The order of payload types is seldom a client's wish, and VP8 costs the room an encode more.
func (o *Offer) choose(before codec.Kind) codec.Kind {
	picture := before
	for _, s := range o.sections {
		if before != 0 || s.kind != "video" || !s.wanted {
			continue
		}
		if s.offersH264() {
			return codec.H264
		}
		picture = codec.VP8
	}
	return picture
}
