package record

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/codec/pcm"
	"tilemix/codec/ticks"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/media"
	"tilemix/mcu/rtptime"
)

const (
	// simPath is how long packets of the simulated sender travel at least, and simSkew how much later
	// the sender sends pictures than sound, which true reports tell.
	simPath = 20 * time.Millisecond
	simSkew = 60 * time.Millisecond
)

// report is what a report says: a time by the sender's clock, of what was taken at an instant.
type report struct {
	says time.Time
	of   time.Duration // the instant; negative: there is no report
}

var noReport = report{of: -1}

// simulated is a sender in simulated time. Its functions take instants of true time.
type simulated struct {
	length  time.Duration
	fast    time.Duration                        // how fast the sender's clock is, in millionths
	stamped func(at time.Duration) time.Duration // of sound, what its timestamps count; nil: true time
	silent  func(at time.Duration) bool          // no sound is sent
	delayed func(at time.Duration) time.Duration // more than simPath
	audio   func(n int, at time.Duration) report // the n-th of the reports of sound
	video   func(n int, at time.Duration) report
	skewed  bool // reports are to be believed: pictures go to where they were taken
}

// start is the sender's clock at the beginning.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func honest(_ int, at time.Duration) report { return report{start.Add(at), at} }

// late says what honest says, but by so much wrong.
func wrong(by func(n int) time.Duration) func(int, time.Duration) report {
	return func(n int, at time.Duration) report { return report{start.Add(at + by(n)), at} }
}

func constant(by time.Duration) func(int) time.Duration {
	return func(int) time.Duration { return by }
}

// from has a clock be right up to a report, and then wrong by so much.
func from(first int, by time.Duration) func(int) time.Duration {
	return func(n int) time.Duration {
		if n < first {
			return 0
		}
		return by
	}
}

// allOnes is what some senders send first.
func allOnes(n int, at time.Duration) report {
	if n == 0 {
		return report{rtptime.FromNTP(1<<64 - 1), at}
	}
	return honest(n, at)
}

// TestSenderClocks has senders whose reports or timestamps cannot be. Their tracks stay with the mix,
// which plays what arrives.
func TestSenderClocks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	paused := func(from, length time.Duration) (silent func(time.Duration) bool, stamped func(time.Duration) time.Duration) {
		silent = func(at time.Duration) bool { return at >= from && at < from+length }
		return silent, func(at time.Duration) time.Duration {
			if at >= from {
				at -= length
			}
			return at
		}
	}
	short, shortStamps := paused(20*time.Second, 700*time.Millisecond)
	middle, middleStamps := paused(20*time.Second, 1500*time.Millisecond)
	long, longStamps := paused(20*time.Second, 30*time.Second)
	for name, s := range map[string]simulated{
		"no reports":                                 {},
		"true reports":                               {audio: honest, video: honest, skewed: true},
		"the first are all ones":                     {audio: allOnes, video: allOnes},
		"the first of sound is all ones":             {audio: allOnes, video: honest},
		"3 s off, sound":                             {audio: wrong(constant(3 * time.Second)), video: honest},
		"3 s off, pictures":                          {audio: honest, video: wrong(constant(-3 * time.Second))},
		"a clock of 1970":                            {audio: wrong(constant(-56 * 365 * 24 * time.Hour)), video: honest},
		"a step of an hour, both":                    {audio: wrong(from(4, time.Hour)), video: wrong(from(20, time.Hour))},
		"a step of an hour back, both":               {audio: wrong(from(4, -time.Hour)), video: wrong(from(17, -time.Hour))},
		"a step of an hour, sound":                   {audio: wrong(from(4, time.Hour)), video: honest},
		"a step of half a second, both":              {audio: wrong(from(4, time.Second/2)), video: wrong(from(18, time.Second/2))},
		"each another hour":                          {audio: wrong(func(n int) time.Duration { return time.Duration(n) * time.Hour }), video: honest},
		"each up to 0.7 s off":                       {audio: wrong(func(int) time.Duration { return time.Duration(random.IntN(1400)-700) * time.Millisecond }), video: wrong(func(int) time.Duration { return time.Duration(random.IntN(1400)-700) * time.Millisecond })},
		"reports that end":                           {audio: func(n int, at time.Duration) report { return honest(0, 0) }, video: func(n int, at time.Duration) report { return noReport }},
		"timestamps stop for 0.7 s":                  {silent: short, stamped: shortStamps},
		"timestamps stop for 1.5 s":                  {silent: middle, stamped: middleStamps},
		"timestamps stop for 30 s":                   {silent: long, stamped: longStamps},
		"timestamps stop for 0.7 s, with reports":    {silent: short, stamped: shortStamps, audio: honest, video: honest, skewed: true},
		"timestamps stop for 30 s, with reports":     {silent: long, stamped: longStamps, audio: honest, video: honest, skewed: true},
		"a pause of 30 s, with timestamps that run":  {silent: long},
		"timestamps that jump ahead":                 {stamped: func(at time.Duration) time.Duration { return at + at/(25*time.Second)*5*time.Hour }},
		"a fast clock":                               {fast: 300, length: 20 * time.Minute},
		"a slow clock":                               {fast: -300, length: 20 * time.Minute},
		"a path that takes half a second for a time": {delayed: func(at time.Duration) time.Duration { return at / (20 * time.Second) % 2 * 500 * time.Millisecond }},
		"a path that stands still for 1.2 s": {delayed: func(at time.Duration) time.Duration {
			return max(0, 1200*time.Millisecond-at%(15*time.Second))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "true reports" {
				poll.Alone(t)
			}
			s.judge(t)
		})
	}
}

// judge records what the sender sends, and compares its files with when it was sent.
func (s simulated) judge(t *testing.T) {
	tr := testTracks(t)
	tr.take(&piece{kind: joined, id: "a"})
	heard, seen := s.send(tr)
	f := tr.present["a"]
	f.close()
	if len(f.Tracks) != 2 {
		t.Fatalf("tracks are %+v", f.Tracks)
	}
	for _, track := range f.Tracks {
		want, most := seen, 100*time.Millisecond
		if track.Kind == "audio" {
			want = heard
		}
		var worst, lastWorst time.Duration
		all := placed(t, filepath.Join(tr.dir, track.File), time.Duration(track.Start*float64(time.Second)))
		if len(all) < len(want)*95/100 {
			t.Errorf("%d of %d are in the file of %s", len(all), len(want), track.Kind)
		}
		for n, at := range all {
			d := want[n].off(at)
			if worst = longer(worst, d); n > uint32(len(want)/2) {
				lastWorst = longer(lastWorst, d+simSkew)
			}
		}
		t.Logf("%s: %v off at most", track.Kind, worst)
		if worst.Abs() > most {
			t.Errorf("%s is %v off", track.Kind, worst)
		}
		if s.skewed && track.Kind == "video" && lastWorst.Abs() > 30*time.Millisecond {
			t.Errorf("reports are true, and pictures are %v off", lastWorst)
		}
	}
}

func longer(a, b time.Duration) time.Duration {
	return slices.MaxFunc([]time.Duration{a, b}, func(a, b time.Duration) int { return cmp.Compare(a.Abs(), b.Abs()) })
}

// span is when a packet or a picture would have arrived on a path that is always fast, and when it did.
type span struct{ first, last time.Duration }

// off is how far an instant is off the span.
func (s span) off(at time.Duration) time.Duration { return min(at-s.first, 0) + max(at-s.last, 0) }

// arrival is a packet or a picture on its way.
type arrival struct {
	piece
	at time.Duration
}

// send has all arrive in its order. It returns when each packet and each picture arrives, but for the
// jitter, by its number.
func (s simulated) send(tr *tracks) (heard, seen []span) {
	random := rand.New(rand.NewPCG(3, 4))
	if s.length == 0 {
		s.length = 90 * time.Second
	}
	var all []arrival
	var before time.Duration
	path := func(at time.Duration) span { // no packet overtakes another
		way := span{at + simPath, at + simPath}
		if s.delayed != nil {
			way.last = max(before, way.first+s.delayed(at))
			before = way.last
		}
		return way
	}
	for at := time.Duration(0); at < s.length; at += 20 * time.Millisecond * 1_000_000 / (1_000_000 + s.fast) {
		if s.silent != nil && s.silent(at) {
			continue
		}
		stamp := at + at*s.fast/1_000_000
		if s.stamped != nil {
			stamp = s.stamped(at)
		}
		way := path(at)
		data := binary.BigEndian.AppendUint32([]byte{0xf8}, uint32(len(heard)))
		heard = append(heard, way)
		all = append(all, arrival{piece{kind: sound, id: "a", data: data, at: media.Time{
			Captured: captured(s.audio, at, 5*time.Second), Timestamp: 77 + uint32(int64(stamp)*3/62500),
		}}, way.last + time.Duration(random.IntN(15))*time.Millisecond})
	}
	before = 0
	for at := time.Duration(0); at < s.length; at += time.Second / 30 {
		key := len(seen)%60 == 0
		way := path(at + simSkew)
		seen = append(seen, way)
		all = append(all, arrival{piece{kind: picture, id: "a", data: numberedPicture(len(seen)-1, key), key: key, at: media.Time{
			Captured: captured(s.video, at, time.Second),
		}}, way.last})
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	for _, a := range all {
		a.piece.at.Arrived = a.at
		tr.take(&a.piece)
	}
	return heard, seen
}

// captured is what the last report says of an instant. There is one each so often.
func captured(by func(int, time.Duration) report, at, each time.Duration) time.Time {
	n := int(at/each) - 1 // the first comes after a while
	if by == nil || n < 0 {
		return time.Time{}
	}
	r := by(n, time.Duration(n+1)*each)
	if r.of < 0 {
		return time.Time{}
	}
	return r.says.Add(at - r.of)
}

// numberedPicture returns an access unit with a number in its slice.
func numberedPicture(n int, key bool) []byte {
	sets := []byte{0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0x95, 0xa0, 0x28, 0x0b, 0x60, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80}
	au := []byte{0, 0, 0, 1, 0x41}
	if key {
		au = append(sets, 0, 0, 0, 1, 0x65)
	}
	for shift := 24; shift >= 0; shift -= 4 { // no start code arises
		au = append(au, 0x80|byte(n>>shift&15))
	}
	return au
}

// placed returns where a file has each numbered packet or picture.
func placed(t *testing.T, path string, begin time.Duration) map[uint32]time.Duration {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := boxes.DecodeFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	rate := int64(pcm.Rate)
	video := file.Init.Moov.Trak.Mdia.Hdlr.HandlerType == "vide"
	if video {
		rate = ticks.Video
	}
	all := map[uint32]time.Duration{}
	for _, segment := range file.Segments {
		for _, f := range segment.Fragments {
			samples, err := f.GetFullSamples(nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range samples {
				at := begin + ticks.Duration(int64(s.DecodeTime), rate)
				switch d := s.Data; {
				case video:
					var n uint32
					for _, b := range d[len(d)-7:] {
						n = n<<4 | uint32(b&15)
					}
					all[n] = at
				case len(d) == 5: // others fill gaps
					all[binary.BigEndian.Uint32(d[1:])] = at
				}
			}
		}
	}
	return all
}
