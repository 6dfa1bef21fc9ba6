package broadcast

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gohlslib/v2/pkg/codecparams"

	"tilemix/codec/h264"
	"tilemix/mcu/intake"
)

// catalogue writes the index of a session.
type catalogue struct{ *session }

// text returns the playlist that names all others (RFC 8216bis §4.4.6). Each rendition of the picture is
// there once for each codec of sound, so that a player takes a pair that it can play. AAC comes first, because
// simple players take the first. Query follows each address.
func (s catalogue) text(query string) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:10\n#EXT-X-INDEPENDENT-SEGMENTS\n\n")
	voices := slices.Clone(s.sound.voices)
	slices.Reverse(voices)
	for _, v := range voices {
		fmt.Fprintf(&b, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=%q,NAME=\"Mix\",LANGUAGE=\"und\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=%q,URI=%q\n",
			v.codec, strconv.Itoa(s.sound.channels), s.address(v.list, query))
	}
	for _, v := range voices {
		for _, r := range s.rungs {
			s.pair(&b, r, v, query)
		}
		if s.of.radio {
			peak, average := v.needs(s.sound.channels)
			fmt.Fprintf(&b, "\n#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=%q,AUDIO=%q\n%s\n",
				peak, average, codecparams.Marshal(v.track.Codec), v.codec, s.address(v.list, query))
		}
	}
	return b.String()
}

// pair adds a rendition with a codec of sound. It may need as much as its encoder is set to at any time, though a
// still picture takes less.
func (s catalogue) pair(b *strings.Builder, r *rung, v *voice, query string) {
	peak, average := r.size.rates()
	most, mean := v.needs(s.sound.channels)
	width, height, err := h264.Size(r.sps)
	if err != nil { // the muxer took it
		width, height = r.Size.X, r.Size.Y
	}
	fmt.Fprintf(b, "\n#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=\"%s,%s\",RESOLUTION=%dx%d,FRAME-RATE=%.3f,AUDIO=%q\n%s\n",
		max(peak, r.Bitrate)+most, average+mean, codecparams.Marshal(r.video.Codec), codecparams.Marshal(v.track.Codec),
		width, height, min(float64(r.FrameRate), float64(time.Second)/float64(intake.Tick)), v.codec, s.address(r.list, query))
}

// address returns the address of a playlist, seen from the index.
func (s catalogue) address(list, query string) string {
	if query != "" {
		query = "?" + query
	}
	return s.id + "/" + list + query
}
