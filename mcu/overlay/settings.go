// Package overlay has what a room's picture shows besides tiles: logo, background, banner, lower
// third, clock, badge, QR code.
//
//	JSON of a host ──▶ Compile: checked, pictures decoded ──▶ Set ──▶ State ──▶ Frame: what is drawn at a time
//
// A Set never changes. State is a value that a scene holds; two that are equal look the same at
// the same time.
package overlay

import (
	"errors"
	"fmt"
	"image"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tilemix/mcu/control"
	"tilemix/mixer/decor"
	"tilemix/mixer/video"
)

// ErrBad is returned for settings that cannot be, with what is wrong.
var ErrBad = errors.New("bad overlays")

const (
	// maxLogo is the largest part of the canvas's height that a logo has, in percent.
	maxLogo, usualLogo = 40, 12
	// maxName is the length of the longest name, of nameLetters.
	maxName     = 32
	nameLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_"
)

// Set is settings that were checked, with their pictures. It never changes.
type Set struct {
	control.Overlays // with IDs of pictures

	base   decor.Overlays // what does not depend on time
	poster *image.YCbCr   // of Waiting; nil: there is none
	zone   *time.Location
	files  map[string][]byte // the pictures' files by their IDs
}

// Compile checks settings and decodes their pictures, which takes up to some 100 ms. An ID means a
// picture of the Set before, which may be nil. Errors are ErrBad.
func Compile(s control.Overlays, before *Set) (*Set, error) {
	out := &Set{Overlays: s, zone: time.UTC, files: map[string][]byte{}}
	if err := check(&s); err != nil {
		return nil, err
	}
	if s.Zone != "" {
		zone, err := time.LoadLocation(s.Zone)
		if err != nil || s.Zone == "Local" {
			return nil, fmt.Errorf("%w: zone %.40q is not one of the IANA's, as Europe/Paris", ErrBad, s.Zone)
		}
		out.zone = zone
	}
	logo, err := out.picture(&out.Logo.Picture, "logo", before)
	if err != nil {
		return nil, err
	}
	back, err := out.picture(&out.Background.Picture, "background", before)
	if err != nil {
		return nil, err
	}
	wait, err := out.picture(&out.Waiting.Picture, "waiting", before)
	if err != nil {
		return nil, err
	}
	if wait != nil {
		out.poster = video.Backdrop(wait)
	}
	o := &out.base
	if logo != nil {
		size, opacity := s.Logo.Size, s.Logo.Opacity
		if size == 0 {
			size = usualLogo
		}
		if opacity == 0 {
			opacity = 100
		}
		o.Logo = decor.Logo{Picture: logo, Corner: corners[s.Logo.Corner], Height: size, Opacity: uint8(opacity * 255 / 100)}
	}
	if back != nil {
		o.Backdrop = video.Backdrop(back)
	}
	if s.Background.Colour != "" {
		v, _ := strconv.ParseUint(s.Background.Colour[1:], 16, 32)
		o.Colour = decor.RGB(uint32(v))
	}
	o.Banner, o.Link = s.Banner.Text, s.QR
	if s.Banner.Edge == "top" {
		o.BannerOn = decor.Top
	}
	return out, nil
}

// corners are the corners by their names.
var corners = map[string]decor.Corner{
	"": decor.TopRight, "top-right": decor.TopRight, "top-left": decor.TopLeft,
	"bottom-left": decor.BottomLeft, "bottom-right": decor.BottomRight,
}

// check returns what is wrong, but for pictures and the zone.
func check(s *control.Overlays) error {
	_, corner := corners[s.Logo.Corner]
	link, err := url.Parse(s.QR)
	switch {
	case s.Name == Nothing || len(s.Name) > maxName || strings.Trim(s.Name, nameLetters) != "":
		return fmt.Errorf("%w: name is up to %d of a-z, 0-9, dash and underscore, and not %s: %.40q is none", ErrBad, maxName, Nothing, s.Name)
	case !corner:
		return fmt.Errorf("%w: logo.corner is one of top-right, top-left, bottom-left and bottom-right, not %.40q", ErrBad, s.Logo.Corner)
	case s.Logo.Size < 0 || s.Logo.Size > maxLogo:
		return fmt.Errorf("%w: logo.size is 1 to %d percent of the height, not %d", ErrBad, maxLogo, s.Logo.Size)
	case s.Logo.Opacity < 0 || s.Logo.Opacity > 100:
		return fmt.Errorf("%w: logo.opacity is 1 to 100 percent, not %d", ErrBad, s.Logo.Opacity)
	case utf8.RuneCountInString(s.Banner.Text) > control.MaxBanner:
		return fmt.Errorf("%w: banner.text has more than %d characters", ErrBad, control.MaxBanner)
	case s.Banner.Edge != "" && s.Banner.Edge != "bottom" && s.Banner.Edge != "top":
		return fmt.Errorf("%w: banner.edge is bottom or top, not %.40q", ErrBad, s.Banner.Edge)
	case s.LowerThird != "" && s.LowerThird != "speaker":
		return fmt.Errorf("%w: lowerThird is speaker or nothing, not %.40q", ErrBad, s.LowerThird)
	case s.Clock != "" && s.Clock != "time" && s.Clock != "elapsed" && s.Clock != "remaining":
		return fmt.Errorf("%w: clock is one of time, elapsed and remaining, not %.40q", ErrBad, s.Clock)
	case len(s.QR) > control.MaxBanner:
		return fmt.Errorf("%w: qr has more than %d bytes", ErrBad, control.MaxBanner)
	case s.QR != "" && (err != nil || link.Host == "" || link.Scheme != "http" && link.Scheme != "https"):
		return fmt.Errorf("%w: qr is an address that begins with http:// or https://", ErrBad)
	case s.Transition != nil && (s.Transition.MS < 0 || s.Transition.MS > control.MaxTransition):
		return fmt.Errorf("%w: transition.ms is 0 to %d, not %d", ErrBad, control.MaxTransition, s.Transition.MS)
	case !isWaiting(&s.Waiting):
		return fmt.Errorf("%w: waiting.when is empty or pictures where waiting has anything, not %.40q", ErrBad, s.Waiting.When)
	case utf8.RuneCountInString(s.Waiting.Title) > control.MaxBanner || utf8.RuneCountInString(s.Waiting.Text) > control.MaxBanner:
		return fmt.Errorf("%w: waiting.title and waiting.text have at most %d characters", ErrBad, control.MaxBanner)
	case s.Background.Colour != "" && !isColour(s.Background.Colour):
		return fmt.Errorf("%w: background.colour is like #1a2b3c, not %.40q", ErrBad, s.Background.Colour)
	}
	return nil
}

// isWaiting tells whether w says when it is shown, or is zero.
func isWaiting(w *control.Poster) bool {
	return w.When == whenEmpty || w.When == whenPictures || *w == control.Poster{}
}

func isColour(s string) bool {
	if len(s) != 7 || s[0] != '#' {
		return false
	}
	return strings.Trim(s[1:], "0123456789abcdefABCDEF") == ""
}
