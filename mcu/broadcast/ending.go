package broadcast

import (
	"net/http"
	"strings"
)

// conclude keeps the playlists as they are in the end. Nothing more is written.
func (s *session) conclude() {
	last := map[string][]byte{}
	if s.playable { // else the muxer would have this wait
		for _, file := range []string{index, "video1_stream.m3u8", "audio2_stream.m3u8"} {
			if a := s.ask(file, ""); a.status == http.StatusOK {
				last[file] = a.body.Bytes()
				if file != index {
					last[file] = []byte(ended(a.body.String()))
				}
			}
		}
	}
	s.last.Store(&last)
}

// ended turns a playlist into one that nothing is added to: parts and what is said of
// those to come are gone, the segments stay (RFC 8216bis §4.4.3.4, §6.2.1).
func ended(playlist string) string {
	var b strings.Builder
	for line := range strings.Lines(playlist) {
		switch tag, _, _ := strings.Cut(line, ":"); tag {
		case "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF", "#EXT-X-PART", "#EXT-X-PRELOAD-HINT":
		default:
			b.WriteString(line)
		}
	}
	b.WriteString("#EXT-X-ENDLIST\n")
	return b.String()
}
