package broadcast

import (
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/mcu/intake"
)

// Rules holds a broadcast to RFC 8216bis, and to what Apple's authoring rules ask beyond it. Get asks as a player
// does, for a path seen from the index.
type Rules struct {
	t        *testing.T
	get      func(path string) (string, error)
	steady   bool                  // the clock misses little: parts are equally long, and IDRs come together
	medias   map[string]attributes // by address
	variants []attributes          // with their address as URI
	lists    map[string]*checked
}

// attributes are those of a tag (§4.2), without quotes.
type attributes map[string]string

// checked is a media playlist and what its files say.
type checked struct {
	file string
	mediaList
	text     string
	asked    time.Time // for it
	came     time.Time
	header   *boxes.File
	timeline []time.Duration // segments: by the file's own time, less what the playlist says
	begins   map[int]time.Duration
	rate     float64 // the most that a segment takes, bits a second
}

var attribute = regexp.MustCompile(`([A-Z0-9-]+)=("[^"]*"|[^,"]*)`)

func attributesOf(text string) attributes {
	all := attributes{}
	for _, m := range attribute.FindAllStringSubmatch(text, -1) {
		all[m[1]] = strings.Trim(m[2], `"`)
	}
	return all
}

// CheckRules checks a broadcast, of a clock that misses little if it is steady, and returns the addresses of its media playlists.
func CheckRules(t *testing.T, get func(path string) (string, error), steady bool) (lists []string) {
	t.Helper()
	c := &Rules{t: t, get: get, steady: steady, medias: map[string]attributes{}, lists: map[string]*checked{}}
	c.index(c.text(index))
	for _, v := range c.variants {
		c.list(v["URI"])
	}
	for at := range c.medias {
		c.list(at)
	}
	for at, l := range c.lists {
		c.media(l)
		lists = append(lists, at)
	}
	for _, v := range c.variants {
		c.variant(v)
	}
	c.together()
	slices.Sort(lists)
	return lists
}

func (c *Rules) text(at string) string {
	c.t.Helper()
	text, err := c.get(at)
	if err != nil {
		c.t.Fatalf("%s: %v", at, err)
	}
	return text
}

// index reads the playlist of all renditions (§4.4.6).
func (c *Rules) index(text string) {
	c.t.Helper()
	if !strings.HasPrefix(text, "#EXTM3U\n") || !strings.Contains(text, "#EXT-X-INDEPENDENT-SEGMENTS\n") {
		c.t.Errorf("the index is %s", text)
	}
	names := map[string][]string{}
	var next attributes
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, _ := strings.Cut(line, ":")
		switch {
		case name == "#EXT-X-MEDIA":
			m := attributesOf(value)
			c.has(m, "TYPE", "GROUP-ID", "NAME", "LANGUAGE", "CHANNELS", "URI", "DEFAULT", "AUTOSELECT")
			if slices.Contains(names[m["GROUP-ID"]], m["NAME"]) {
				c.t.Errorf("group %s has %s twice", m["GROUP-ID"], m["NAME"])
			}
			names[m["GROUP-ID"]] = append(names[m["GROUP-ID"]], m["NAME"])
			c.medias[m["URI"]] = m
		case name == "#EXT-X-STREAM-INF":
			next = attributesOf(value)
			c.has(next, "BANDWIDTH", "AVERAGE-BANDWIDTH", "CODECS", "AUDIO")
			if strings.Contains(next["CODECS"], "avc1") {
				c.has(next, "RESOLUTION", "FRAME-RATE")
			}
		case next != nil && line != "" && !strings.HasPrefix(line, "#"):
			next["URI"] = line
			c.variants = append(c.variants, next)
			next = nil
		}
	}
	var first []string
	for group, all := range names {
		if first == nil {
			first = all
		}
		if !slices.Equal(first, all) { // §4.4.6.1.1
			c.t.Errorf("group %s has %v, another one %v", group, all, first)
		}
	}
	if len(c.variants) == 0 {
		c.t.Fatalf("no rendition: %s", text)
	}
}

func (c *Rules) has(a attributes, names ...string) {
	c.t.Helper()
	for _, name := range names {
		if a[name] == "" {
			c.t.Errorf("no %s in %v", name, a)
		}
	}
}

// list reads a media playlist, its header and its segments.
func (c *Rules) list(at string) {
	c.t.Helper()
	if c.lists[at] != nil {
		return
	}
	asked := time.Now()
	text := c.text(at)
	l := &checked{file: at, mediaList: *readMediaList(text), text: text, asked: asked, came: time.Now(), begins: map[int]time.Duration{}}
	c.lists[at] = l
	uri := attributesOf(lines(text, "#EXT-X-MAP:")[0])["URI"]
	l.header = c.boxes(at, uri)
	scale := float64(l.header.Init.Moov.Trak.Mdia.Mdhd.Timescale)
	picture := l.header.Init.Moov.Trak.Mdia.Hdlr.HandlerType == "vide"
	for i := range l.segments {
		s := &l.segments[i]
		if s.gap {
			continue
		}
		body := c.text(path.Join(path.Dir(at), s.address))
		f, err := boxes.DecodeFile(strings.NewReader(body))
		if err != nil || len(f.Segments) == 0 {
			c.t.Fatalf("%s: %v", s.address, err)
		}
		c.parts(l, i, body)
		var begin, length float64
		for n, frag := range f.Segments[0].Fragments {
			samples, err := frag.GetFullSamples(l.header.Init.Moov.Mvex.Trex)
			if err != nil || len(samples) == 0 {
				c.t.Fatalf("%s: part %d has %d samples, %v", s.address, n, len(samples), err)
			}
			if n == 0 {
				begin = float64(samples[0].DecodeTime) / scale
				if picture && samples[0].Data[4]&0x1f != 7 && samples[0].Data[4]&0x1f != 5 { // parameter sets, or the IDR
					c.t.Errorf("%s begins with no IDR", s.address)
				}
			}
			for _, sample := range samples {
				length += float64(sample.Dur) / scale
			}
		}
		if off := length - s.length.Seconds(); math.Abs(off) > 0.45 || picture && math.Abs(off) > 0.001 {
			c.t.Errorf("%s is %.3f s long, the playlist says %v", s.address, length, s.length)
		}
		l.begins[l.first+i] = time.Duration(begin * float64(time.Second))
		l.timeline = append(l.timeline, l.begins[l.first+i]-time.Duration(s.date.UnixNano()))
		l.rate = max(l.rate, 8*float64(len(body))/s.length.Seconds())
	}
}

// boxes reads a file that a playlist names.
func (c *Rules) boxes(at, uri string) *boxes.File {
	c.t.Helper()
	f, err := boxes.DecodeFile(strings.NewReader(c.text(path.Join(path.Dir(at), uri))))
	if err != nil {
		c.t.Fatalf("%s: %v", uri, err)
	}
	return f
}

// parts checks those of a segment (§4.4.4.9): together they are the segment, and are equally long.
func (c *Rules) parts(l *checked, i int, body string) {
	c.t.Helper()
	s := &l.segments[i]
	var all strings.Builder
	sum := time.Duration(0)
	n := 0
	for _, line := range s.lines {
		value, ok := strings.CutPrefix(line, tagPart)
		if !ok {
			continue
		}
		all.WriteString(c.text(path.Join(path.Dir(l.file), attributesOf(value)["URI"])))
		sum += s.parts[n]
		n++
	}
	if n > 0 && (all.String() != body || (sum-s.length).Abs() > time.Millisecond) {
		c.t.Errorf("the parts of %s have %d of %d bytes and %v of %v", s.address, all.Len(), len(body), sum, s.length)
	}
}

// media checks the tags of a media playlist (§4.4.3, §4.4.4, §4.4.5).
func (c *Rules) media(l *checked) {
	c.t.Helper()
	control := attributesOf(lines(l.text, "#EXT-X-SERVER-CONTROL:")[0])
	most := number(c.t, attributesOf(lines(l.text, "#EXT-X-PART-INF:")[0])["PART-TARGET"])
	if back := number(c.t, control["PART-HOLD-BACK"]); back < 3*most-0.001 || control["CAN-BLOCK-RELOAD"] != "YES" {
		c.t.Errorf("%s: parts of %v s, players %v s behind, %v", l.file, most, back, control)
	}
	if skip := number(c.t, control["CAN-SKIP-UNTIL"]); skip < float64(6*l.target) {
		c.t.Errorf("%s may leave out what is %v s old, segments take up to %d s", l.file, skip, l.target)
	}
	for _, s := range l.segments {
		if int(math.Round(s.length.Seconds())) > l.target || s.date.IsZero() {
			c.t.Errorf("%s is %v long, at %v; at most %d s", s.address, s.length, s.date, l.target)
		}
		for i, p := range s.parts {
			if c.steady && (p.Seconds() > most+0.0005 || i < len(s.parts)-1 && p.Seconds() < 0.85*most) {
				c.t.Errorf("a part of %s is %v long, PART-TARGET %v", s.address, p, most)
			}
		}
	}
	if len(lines(l.text, "#EXT-X-PRELOAD-HINT:")) != 1 || len(lines(l.text, "#EXT-X-MEDIA-SEQUENCE:")) != 1 {
		c.t.Errorf("%s: %s", l.file, l.text)
	}
	reports := map[string]attributes{}
	for _, line := range lines(l.text, tagReport) {
		a := attributesOf(line)
		reports[path.Join(path.Dir(l.file), a["URI"])] = a
	}
	if len(reports) != len(c.lists)-1 {
		c.t.Errorf("%s reports about %v, there are %d playlists", l.file, reports, len(c.lists))
	}
	for at, a := range reports {
		other := c.lists[at]
		if other == nil {
			c.t.Errorf("%s reports about %s, which the index lacks", l.file, at)
			continue
		}
		// The other playlist was asked for at another time.
		msn, _ := other.last()
		said, behind, ahead := int(number(c.t, a["LAST-MSN"])), segmentsIn(other.came.Sub(l.asked)), segmentsIn(l.came.Sub(other.asked))
		if said < msn-1-behind || said > msn+1+ahead {
			c.t.Errorf("%s says that %s is at %v, it is at %d", l.file, at, a, msn)
		}
	}
}

// segmentsIn is how many segments may become whole meanwhile, beside one.
func segmentsIn(d time.Duration) int { return int(max(0, d) / (2 * time.Second)) }

func number(t *testing.T, text string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Errorf("%q is no number", text)
	}
	return f
}

// variant compares what the index says of a rendition with its files.
func (c *Rules) variant(v attributes) {
	c.t.Helper()
	l := c.lists[v["URI"]]
	codecs := []string{codecOf(l.header)}
	rate := l.rate
	for at, m := range c.medias {
		sound := c.lists[at]
		if m["GROUP-ID"] != v["AUDIO"] {
			continue
		}
		if sound != l {
			codecs = append(codecs, codecOf(sound.header))
			rate += sound.rate
		}
		if n := channels(sound.header); m["CHANNELS"] != strconv.Itoa(n) {
			c.t.Errorf("%s has %d channels: %v", at, n, m)
		}
	}
	if got := strings.Split(v["CODECS"], ","); !slices.Equal(got, codecs) {
		c.t.Errorf("%s has %v: CODECS=%v", v["URI"], codecs, got)
	}
	if x := l.header.Init.Moov.Trak.Mdia.Minf.Stbl.Stsd.AvcX; x != nil {
		if size := fmt.Sprintf("%dx%d", x.Width, x.Height); v["RESOLUTION"] != size {
			c.t.Errorf("%s is %s: RESOLUTION=%s", v["URI"], size, v["RESOLUTION"])
		}
	}
	most, mean := number(c.t, v["BANDWIDTH"]), number(c.t, v["AVERAGE-BANDWIDTH"])
	if rate > 1.1*most || mean > most || mean <= 0 { // as mediastreamvalidator has it
		c.t.Errorf("%s takes %.0f bits a second: BANDWIDTH=%.0f, AVERAGE-BANDWIDTH=%.0f", v["URI"], rate, most, mean)
	}
}

// codecOf returns what CODECS says of a header (RFC 6381).
func codecOf(f *boxes.File) string {
	d := f.Init.Moov.Trak.Mdia.Minf.Stbl.Stsd
	switch {
	case d.AvcX != nil:
		a := d.AvcX.AvcC
		return fmt.Sprintf("avc1.%02x%02x%02x", a.AVCProfileIndication, a.ProfileCompatibility, a.AVCLevelIndication)
	case d.Mp4a != nil:
		config := d.Mp4a.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig
		return fmt.Sprintf("mp4a.40.%d", config[0]>>3)
	case d.Opus != nil:
		return codecOpus
	}
	return "unknown"
}

func channels(f *boxes.File) int {
	d := f.Init.Moov.Trak.Mdia.Minf.Stbl.Stsd
	if d.Mp4a != nil {
		return int(d.Mp4a.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig[1] >> 3 & 15)
	}
	return int(d.Opus.Dops.OutputChannelCount)
}

// together compares the playlists: lengths that are the same in all, one timeline, one row of discontinuities,
// and pictures whose segments of a number begin at the same time (§6.2.4).
func (c *Rules) together() {
	c.t.Helper()
	var one *checked
	begins := map[int]time.Duration{}
	for at, l := range c.lists {
		if one == nil {
			one = l
		}
		for _, tag := range []string{"#EXT-X-TARGETDURATION:", "#EXT-X-PART-INF:", "#EXT-X-DISCONTINUITY-SEQUENCE:", "#EXT-X-SERVER-CONTROL:"} {
			if a, b := lines(one.text, tag), lines(l.text, tag); !slices.Equal(a, b) {
				c.t.Errorf("%s%v in %s, %v in %s", tag, a, one.file, b, at)
			}
		}
		if a, b := strings.Count(one.text, "#EXT-X-DISCONTINUITY\n"), strings.Count(l.text, "#EXT-X-DISCONTINUITY\n"); a != b {
			c.t.Errorf("%d discontinuities in %s, %d in %s", a, one.file, b, at)
		}
		for i := range l.timeline {
			// Two frames of AAC of 21 ms and a packet of Opus of 20 ms may be on either side of the cut.
			if off := l.timeline[i] - one.timeline[0]; off.Abs() > aacLag+70*time.Millisecond {
				c.t.Errorf("segment %d of %s is %v off the time of %s", i, at, off, one.file)
			}
		}
		if l.header.Init.Moov.Trak.Mdia.Hdlr.HandlerType != "vide" {
			continue
		}
		for n, at := range l.begins {
			if before, ok := begins[n]; ok && c.steady && (at-before).Abs() > 2*intake.Tick {
				c.t.Errorf("segment %d of %s begins %v after that of another rendition", n, l.file, at-before)
			}
			begins[n] = at
		}
	}
}
