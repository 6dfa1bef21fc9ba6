package broadcast

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tilemix/mcu"
)

// index is the name of the playlist of a room, which names the playlists of its session.
const (
	index     = "index.m3u8"
	videoList = "video1_stream.m3u8"
	audioList = "audio2_stream.m3u8"
	aacList   = "audio3_stream.m3u8"
)

// How long caches may keep an answer. Files never change. The answer to a blocking reload has the
// part that the request names, or later ones. Any other playlist changes at any time.
const (
	keepFile     = "public, max-age=3600, immutable"
	keepBlocking = "public, max-age=6"
	keepPlaylist = "public, max-age=1"
)

// Serve answers a player. path is index.m3u8, or a name from the playlists, relative to it. If
// Serve returns an error, mcu.ErrNotFound or ErrBadRequest among them, it has written nothing.
func (c *Broadcaster) Serve(w http.ResponseWriter, r *http.Request, room, path string) error {
	return c.serve(way{w: w, r: r}, room, path)
}

// ServeList is Serve for playlists only, and for a player that has them below the room's folder.
// up is the way from the folder of the index back to that of the room, such as "../../". Playlists
// lead to other playlists below, and to files in the room's own folder. private says that caches
// must not keep playlists for others than this player. The player is counted by r.RemoteAddr.
func (c *Broadcaster) ServeList(w http.ResponseWriter, r *http.Request, room, path, up string, private bool) error {
	if !strings.HasSuffix(path, ".m3u8") {
		return missing(path)
	}
	return c.serve(way{w, r, up, private}, room, path)
}

// way is a request and how its player comes to files.
type way struct {
	w       http.ResponseWriter
	r       *http.Request
	up      string // see ServeList
	private bool
}

func (c *Broadcaster) serve(y way, room, path string) error {
	if path == index {
		return c.serveIndex(y, room)
	}
	id, file, _ := strings.Cut(path, "/")
	s := c.session(room, id)
	if s == nil {
		return missing(path)
	}
	s.of.touch()
	if strings.HasSuffix(file, ".m3u8") {
		s.of.crowd.note(y.r, time.Now())
		return s.servePlaylist(y, file)
	}
	return s.serveFile(y.w, y.r, file)
}

func missing(path string) error {
	return fmt.Errorf("%.64q: %w", path, mcu.ErrNotFound)
}

// serveIndex waits for a session that players can play, and answers with its playlist.
func (c *Broadcaster) serveIndex(y way, room string) error {
	b := c.get(room)
	if b == nil && c.cfg.OnDemand {
		var err error
		if b, _, err = c.start(room, Options{}, true); err != nil {
			return err
		}
	}
	if b == nil {
		return fmt.Errorf("broadcast of room %q: %w", room, mcu.ErrNotFound)
	}
	b.touch()
	s, err := b.await(y.r.Context())
	if err != nil {
		return err
	}
	return s.servePlaylist(y, index)
}

// servePlaylist answers with a playlist, also of a session that has ended.
func (s *session) servePlaylist(y way, file string) error {
	a := s.playlist(file, query(y.r.URL))
	if a.status != http.StatusOK {
		if a.status == http.StatusBadRequest {
			return ErrBadRequest
		}
		return missing(file)
	}
	keep := keepPlaylist
	if y.r.URL.Query().Has("_HLS_msn") {
		keep = keepBlocking
	}
	if y.private {
		keep = strings.Replace(keep, "public", "private", 1)
	}
	if y.up != "" && file != index {
		text := led(a.body.String(), "../"+y.up+s.id+"/")
		a.body.Reset()
		a.body.WriteString(text)
	}
	body := a.body.Bytes()
	h := y.w.Header()
	h.Set("Content-Type", "application/vnd.apple.mpegurl")
	h.Set("Cache-Control", keep)
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(y.r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = s.scribe.pack(y.up+file, a.body.String())
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	s.of.home.playlists.Add(1)
	s.of.home.bytes.Add(uint64(len(body)))
	_, _ = y.w.Write(body) // the player may be gone
	return nil
}

// led puts a folder before the files that a playlist of a rendition names, and not before other
// playlists.
func led(playlist, folder string) string {
	var b strings.Builder
	for line := range strings.Lines(playlist) {
		switch {
		case line[0] != '#' && strings.TrimSpace(line) != "":
			b.WriteString(folder)
		case !strings.HasPrefix(line, tagReport):
			line = strings.Replace(line, `URI="`, `URI="`+folder, 1)
		}
		b.WriteString(line)
	}
	return b.String()
}

// playlist returns a playlist. It waits for the part that the query names.
func (s *session) playlist(file, query string) answer {
	var a answer
	if s.last.Load() == nil {
		a = s.complete(file, query)
	}
	if last := s.last.Load(); last != nil && a.status != http.StatusOK { // it has ended
		text, ok := (*last)[file]
		if !ok {
			return answer{status: http.StatusNotFound}
		}
		a = answer{status: http.StatusOK}
		a.body.Write(text)
	}
	return a
}

// conclude keeps the final playlists. The muxer gets no more units.
func (s *session) conclude() {
	last := map[string][]byte{}
	if !slices.ContainsFunc(s.rungs, func(r *rung) bool { return !r.playable }) { // otherwise ask would wait
		for _, l := range s.lists {
			if a := s.complete(l.file, ""); a.status == http.StatusOK {
				last[l.file] = []byte(ended(a.body.String()))
			}
		}
	}
	s.last.Store(&last)
}

// ended returns the final form of a playlist: with its segments and EXT-X-ENDLIST, without parts
// and hints of parts to come (RFC 8216bis §4.4.3.4, §6.2.1).
func ended(playlist string) string {
	var b strings.Builder
	for line := range strings.Lines(playlist) {
		switch tag, _, _ := strings.Cut(line, ":"); tag {
		case "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF", "#EXT-X-PART", "#EXT-X-PRELOAD-HINT", strings.TrimSuffix(tagReport, ":"):
		default:
			b.WriteString(line)
		}
	}
	b.WriteString("#EXT-X-ENDLIST\n")
	return b.String()
}

// query returns the query of a request, escaped so that it stays within a line of a playlist; "" if it is long.
func query(u *url.URL) string {
	if len(u.RawQuery) > 1024 {
		return ""
	}
	return u.Query().Encode()
}

// complete returns a playlist, with what a muxer leaves out.
func (s *session) complete(file, query string) answer {
	if file == index {
		a := answer{status: http.StatusOK}
		a.body.WriteString(catalogue{s}.text(query))
		return a
	}
	i := slices.IndexFunc(s.lists, func(l listing) bool { return l.file == file })
	if i < 0 {
		return answer{status: http.StatusNotFound}
	}
	l := s.lists[i]
	a := l.rung.ask(l.inner, s.place.inside(query))
	if a.status != http.StatusOK {
		return a
	}
	text := s.scribe.media(file, s.others(l, own(query)), a.body.String(), s.place)
	a.body.Reset()
	a.body.WriteString(text)
	return a
}

// others returns how far the other playlists have come. Query is that of their addresses.
func (s *session) others(than listing, query string) (all []report) {
	for _, l := range s.lists {
		r := report{l.file + query, -1, 0}
		if l.file == than.file {
			continue
		}
		if l.rung != than.rung {
			r.msn, r.part = l.rung.last(time.Now())
		}
		all = append(all, r)
	}
	return all
}

// own returns the query of addresses in a playlist: that of its request, without what HLS puts there.
func own(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	for name := range values {
		if strings.HasPrefix(name, "_HLS_") {
			values.Del(name)
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// serveFile answers with a segment, a part or a header.
func (s *session) serveFile(w http.ResponseWriter, r *http.Request, file string) error {
	out := &fileWriter{ResponseWriter: w}
	for _, of := range s.rungs { // names of files differ by muxer
		if out.status != http.StatusOK {
			of.muxer.Handle(out, &http.Request{Method: r.Method, URL: &url.URL{Path: "/" + file}})
		}
	}
	if out.status != http.StatusOK {
		return missing(file)
	}
	s.of.home.files.Add(1)
	s.of.home.bytes.Add(out.bytes)
	return nil
}

// fileWriter passes answers with status 200 and drops others.
type fileWriter struct {
	http.ResponseWriter
	status int
	bytes  uint64
}

func (f *fileWriter) WriteHeader(status int) {
	if f.status = status; status == http.StatusOK {
		f.Header().Set("Cache-Control", keepFile)
		f.ResponseWriter.WriteHeader(status)
	}
}

func (f *fileWriter) Write(b []byte) (int, error) {
	if f.status != http.StatusOK {
		return len(b), nil
	}
	f.bytes += uint64(len(b))
	return f.ResponseWriter.Write(b)
}
