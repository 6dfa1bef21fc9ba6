package bench

import (
	"slices"
)

// Spread is a distribution, in ms.
type Spread struct {
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	Count int     `json:"count"`
}

func spread(ms []float64) Spread {
	if len(ms) == 0 {
		return Spread{}
	}
	slices.Sort(ms)
	at := func(q float64) float64 { return ms[min(len(ms)-1, int(q*float64(len(ms))))] }
	return Spread{P50: at(0.5), P95: at(0.95), Count: len(ms)}
}

// Floor is what the same work costs alone, in ms of CPU a second.
type Floor struct {
	Decode    float64 `json:"decode"`
	Encode    float64 `json:"encode"`
	Opus      float64 `json:"opus"`
	Transport float64 `json:"transport"`
	Total     float64 `json:"total"`
	PerViewer float64 `json:"perViewer,omitempty"` // of the transport, sending only
}

// codecs is what decoders, scaler and encoders cost alone in a tight loop.
func (f Floor) codecs() float64 { return f.Decode + f.Encode + f.Opus }

// Bar is what is to be reached.
type Bar struct {
	What    string  `json:"what"`
	Unit    string  `json:"unit,omitempty"`
	Value   float64 `json:"value"`
	Limit   float64 `json:"limit"`
	Least   bool    `json:"least,omitempty"` // Limit is the least, not the most
	Reached bool    `json:"reached"`
}

func atMost(what, unit string, value, limit float64) Bar {
	return Bar{What: what, Unit: unit, Value: value, Limit: limit, Reached: value <= limit}
}

// Result is what one scenario showed.
type Result struct {
	Scenario     string  `json:"scenario"`
	Participants int     `json:"participants"`
	Viewers      int     `json:"viewers"`
	SoundOnly    int     `json:"soundOnlyViewers,omitempty"` // of the viewers
	Seconds      float64 `json:"seconds"`

	FPSMin    float64 `json:"fpsMin"`
	FPSMedian float64 `json:"fpsMedian"`
	SoundGaps uint64  `json:"soundGaps"`

	CPU            float64 `json:"cpu"`                  // of the server with its codec workers, ms a second
	Workers        float64 `json:"workersCPU,omitempty"` // of that, the codec workers
	PerParticipant float64 `json:"cpuPerParticipant"`
	PerViewer      float64 `json:"cpuPerViewer,omitempty"`
	Before         float64 `json:"cpuBefore,omitempty"`   // of the same call, without viewers or what is beside
	Children       float64 `json:"childrenCPU,omitempty"` // of the server's FFmpegs
	Ticks          int64   `json:"ticks"`                 // of 10 ms
	BotsCPU        float64 `json:"botsCPU"`
	OthersCPU      float64 `json:"othersCPU"`
	MachineIdle    float64 `json:"machineIdle"` // 0 to 1
	Load           float64 `json:"load"`        // of the machine, over the last minute
	Floor          Floor   `json:"floor"`
	Ratio          float64 `json:"ratio"`      // CPU to the floor's total
	CodecRatio     float64 `json:"codecRatio"` // CPU to the codecs alone in a tight loop

	Picture  Spread            `json:"picture"`
	Speaker  Spread            `json:"speaker"`
	Sound    Spread            `json:"sound"`
	Stages   map[string]Spread `json:"stages"`
	Connect  Spread            `json:"connect"` // from joining until media can flow
	Join     Spread            `json:"join"`    // from joining to the first picture, or sound where there is none
	IDRs     float64           `json:"idrs"`    // a second
	Encodes  float64           `json:"encodes"` // pictures a second
	Decodes  float64           `json:"decodes"`
	Opus     float64           `json:"opusEncodes"`
	RSS      int64             `json:"rss"` // bytes
	Pairs    series            `json:"pairs,omitempty"`
	Alone    *Alone            `json:"alone,omitempty"` // what views cost by themselves
	Changes  *Changes          `json:"changes,omitempty"`
	Memory   *Memory           `json:"memory,omitempty"`
	Quality  *Quality          `json:"quality,omitempty"`
	Relays   *Relays           `json:"relays,omitempty"`
	Uplinks  uint64            `json:"uplinks"`
	Sizes    map[string]int    `json:"sizes,omitempty"` // cameras by what they send
	Bars     []Bar             `json:"bars"`
	Troubles []string          `json:"troubles,omitempty"` // why the numbers are not to be trusted
	Notes    []string          `json:"notes,omitempty"`
}

// compare sets how the CPU compares with the floor.
func (r *Result) compare() {
	r.Floor.Total = r.Floor.codecs() + r.Floor.Transport
	r.Ratio, r.CodecRatio = r.CPU/r.Floor.Total, r.CPU/r.Floor.codecs()
}

// crowded tells whether the machine could not keep up, with nothing else to do.
func (r *Result) crowded() bool { return len(r.Troubles) > 0 && r.OthersCPU <= 200 }

// kept is the bar on the frame rate.
func (r *Result) kept() Bar {
	const least = frameRate * 0.98
	return Bar{What: "frame rate, least", Unit: "fps", Value: r.FPSMin, Limit: least, Least: true, Reached: r.FPSMin >= least}
}

// floored is a bar that the floor belongs to, or nothing where it was left out.
func (r *Result) floored(b Bar) []Bar {
	if r.Floor.Total == 0 {
		return nil
	}
	return []Bar{b}
}
