package silence

import (
	"testing"
	"time"
)

// TestOfPicture has a row for each way in which a camera brings nothing.
func TestOfPicture(t *testing.T) {
	for name, c := range map[string]struct {
		came    Counts
		unbound Reason
		want    Reason
	}{
		"all is well":                     {Counts{Packets: 900, Units: 150, Keys: 1, Pictures: 150}, "", ""},
		"well, and a stream that is not":  {Counts{Packets: 900, Units: 150, Keys: 1, Pictures: 150}, "stream-surplus", ""},
		"nothing comes":                   {Counts{}, "", NoVideo},
		"all that comes is of no section": {Counts{}, "stream-unbound", "stream-unbound"},
		"all that comes was refused":      {Counts{}, Refused, Refused},
		"not a whole picture":             {Counts{Packets: 900, Lost: 40}, "", lossy},
		"packets of something else":       {Counts{Packets: 900}, "", undecodable},
		"no parameter sets":               {Counts{Packets: 900, Units: 150, Keys: 5, Bare: 5}, "", noSets},
		"no key frame":                    {Counts{Packets: 900, Units: 150}, "", noKeyFrame},
		"losses, and no key frame":        {Counts{Packets: 900, Units: 150, Lost: 3}, "", noKeyFrame},
		"the decoder refuses all":         {Counts{Packets: 900, Units: 150, Keys: 5}, "", undecodable},
		"the pictures are too large":      {Counts{Packets: 900, Units: 150, Keys: 5, Oversize: 5}, "", tooLarge},
		"no memory is left":               {Counts{Packets: 900, Units: 150, Keys: 5, NoMemory: 5}, "", noMemory},
		"the budget leaves nothing":       {Counts{Packets: 900, Units: 150, Keys: 5, Capped: 100}, "", TooCostly},
		"the budget leaves half":          {Counts{Packets: 900, Units: 150, Keys: 5, Capped: 75, Pictures: 75}, "", TooCostly},
		"cut until a rare key frame":      {Counts{Packets: 900, Units: 150, Keys: 1, Capped: 5, Pictures: 70}, "", TooCostly},
		"the budget takes a few":          {Counts{Packets: 900, Units: 150, Keys: 5, Capped: 20, Pictures: 130}, "", ""},
		"the machine does not keep up":    {Counts{Packets: 900, Units: 150, Keys: 5, Lagged: 150}, "", busy},
	} {
		if got := OfPicture(c.came, c.unbound); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

// TestOfUnseen is the same for a camera that nobody looks at.
func TestOfUnseen(t *testing.T) {
	for name, c := range map[string]struct {
		came    Counts
		ever    bool
		unbound Reason
		want    Reason
	}{
		"all is well":                 {Counts{Packets: 900, Units: 150, Keys: 1}, true, "", ""},
		"no key frame, as none asked": {Counts{Packets: 900, Units: 150}, true, "", ""},
		"parameter sets at times":     {Counts{Packets: 900, Units: 150, Keys: 5, Bare: 1}, true, "", ""},
		"never parameter sets":        {Counts{Packets: 900, Units: 150, Keys: 5, Bare: 5}, true, "", noSets},
		"nothing comes":               {Counts{}, false, "", NoVideo},
		"it pauses":                   {Counts{}, true, "", ""},
		"all that comes was refused":  {Counts{}, false, Refused, Refused},
		"packets of something else":   {Counts{Packets: 900}, true, "", undecodable},
	} {
		if got := OfUnseen(c.came, c.ever, c.unbound); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

// TestOfSound is the same for microphones.
func TestOfSound(t *testing.T) {
	for name, c := range map[string]struct {
		came    Counts
		ever    bool
		unbound Reason
		want    Reason
	}{
		"all is well":                  {Counts{Packets: 250, Units: 250}, true, "", ""},
		"a pause":                      {Counts{}, true, "", ""},
		"a pause, and another stream":  {Counts{}, true, "stream-surplus", ""},
		"nothing ever came":            {Counts{}, false, "", noAudio},
		"what came belongs to nothing": {Counts{}, false, "stream-unbound", "stream-unbound"},
		"what came is no Opus":         {Counts{Packets: 250}, true, "", undecodable},
		"it ended its decoder":         {Counts{Packets: 250, Units: 3, Refused: 247}, true, "", harmful},
	} {
		if got := OfSound(c.came, c.ever, c.unbound); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

var start = time.Unix(1_800_000_000, 0)

// TestWatch has a source expected for a while: only after 5 s is anything known, and then what
// came in the last 5 s alone.
func TestWatch(t *testing.T) {
	var w Watch
	now, packets := start, uint64(100)
	for i := range 12 {
		came, long := w.Expect(Counts{Packets: packets}, now)
		if want := i >= 5; long != want {
			t.Errorf("after %v it was expected for long: %v", now.Sub(start), long)
		}
		if want := uint64(min(i, 5)); long && came.Packets != want {
			t.Errorf("after %v, %d packets came in 5 s, not %d", now.Sub(start), came.Packets, want)
		}
		now, packets = now.Add(Look), packets+1
	}
	w.Rest()
	for i := range 5 {
		if came, long := w.Expect(Counts{}, now); long || i == 0 && came.Packets != 0 {
			t.Errorf("%v after a rest: %+v, %v", time.Duration(i)*Look, came, long)
		}
		now = now.Add(Look)
	}
}
