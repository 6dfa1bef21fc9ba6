package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"tilemix/codec/h264"
	"tilemix/mcu/uplink"
)

// Settings are the flags of bench.
type Settings struct {
	Scenario     []string      `default:"all" placeholder:"NAME" help:"What to measure: grid9, coop9, grid4, quality, coop25, large100, audio300, viewers100, viewers500, relays240, beside, latency, join50, memory, idle, views4, grid9-1080, screen, overlays, overlays4, transitions, wishes50 or all. Repeatable."`
	Participants int           `placeholder:"N" help:"Other number of participants, or of viewers in viewers100, viewers500 and relays240, rounds in memory, or rooms in idle."`
	Duration     time.Duration `default:"10s" help:"How long each is measured."`
	Clip         string        `placeholder:"FILE" help:"Video that the cameras film, read with ffmpeg. Without it, one is drawn."`
	JSON         string        `name:"json" placeholder:"FILE" help:"Write the results there, too."`
	URL          string        `name:"url" placeholder:"URL" help:"Measure this server on this machine instead of one of its own; needs --pid."`
	PID          int           `name:"pid" help:"Process of the server at --url."`
	Profile      string        `placeholder:"DIR" help:"Write a CPU profile of the server there for each scenario. It costs some CPU itself."`
	Busy         bool          `help:"Print numbers even if other programs use the machine, with the CPU of those programs beside them."`
	NoFloor      bool          `help:"Leave out the floor."`
	Bursts       bool          `help:"Send each picture in one segmented system call. That is cheaper for the bots and the server than what real senders do."`
	OpenH264     string        `name:"openh264" env:"TILEMIX_OPENH264" placeholder:"FILE" help:"OpenH264 library to use instead of the system's."`
}

// Command is bench.
type Command struct {
	Settings
}

// report is what is written as JSON.
type report struct {
	Date    time.Time `json:"date"`
	Machine string    `json:"machine"`
	CPUs    int       `json:"cpus"`
	Go      string    `json:"go"`
	Clip    string    `json:"clip"`
	Bursts  bool      `json:"bursts"` // bots sent each picture in one system call
	Results []*Result `json:"results"`
}

var (
	errMissed    = errors.New("bars were not reached")
	errUntrusted = errors.New("the machine could not keep up, so these numbers are not to be trusted")
)

// Run measures, prints a table, and fails where the machine could not keep up or a
// bar was not reached.
func (c *Command) Run(app *kong.Kong) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills
	chosen, err := c.check()
	if err != nil {
		return err
	}
	if err := h264.Open(c.OpenH264); err != nil {
		return err
	}
	if err := c.reach(ctx); err != nil {
		return err
	}
	r := &runner{settings: c.Settings, progress: app.Stderr}
	if err := r.prepare(ctx, chosen); err != nil {
		return err
	}
	results, failed := r.runAll(ctx, chosen)
	if len(results) > 0 {
		if err := writeTable(app.Stdout, results); err != nil {
			return errors.Join(failed, err)
		}
	}
	if c.JSON != "" {
		failed = errors.Join(failed, c.writeJSON(results))
	}
	return errors.Join(failed, verdict(results))
}

// check finds what cannot be run.
func (c *Command) check() ([]scenario, error) {
	if c.Duration < time.Second || c.Duration > time.Hour {
		return nil, errors.New("--duration must be from 1s to 1h")
	}
	if c.Participants < 0 || c.Participants > 2000 {
		return nil, errors.New("--participants must be from 1 to 2000")
	}
	if (c.URL == "") != (c.PID == 0) {
		return nil, errors.New("--url and --pid belong together")
	}
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil {
			return nil, fmt.Errorf("--url: %w", err)
		}
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, errors.New("--url must be on this machine: bots speak to the loopback address only")
		}
		c.URL = strings.TrimSuffix(c.URL, "/")
	}
	chosen, err := choose(c.Scenario)
	if c.URL == "" || err != nil {
		return chosen, err
	}
	chosen = slices.DeleteFunc(chosen, func(s scenario) bool { return s.relays > 0 })
	if len(chosen) == 0 {
		return nil, errors.New("scenarios with relays start their own servers: leave --url away")
	}
	return chosen, nil
}

// reach finds out whether the server at --url and its process are there, before a
// lot is done for them.
func (c *Command) reach(ctx context.Context) error {
	if c.URL == "" {
		return nil
	}
	if _, err := cpuOf(c.PID); err != nil {
		return fmt.Errorf("--pid %d: %w", c.PID, err)
	}
	if _, err := readMetrics(ctx, c.URL); err != nil {
		return fmt.Errorf("--url %s: %w", c.URL, err)
	}
	return nil
}

// prepare makes what the bots send.
func (r *runner) prepare(ctx context.Context, chosen []scenario) error {
	var wishes []uplink.Constraints
	for _, s := range chosen {
		s.scale(r.settings.Participants)
		wishes = append(wishes, s.wishes()...)
	}
	r.say("encoding the clip")
	next, end := scenery(), func() {}
	if r.settings.Clip != "" {
		var err error
		if next, end, err = recorded(ctx, r.settings.Clip); err != nil {
			return err
		}
	}
	defer end()
	var err error
	if r.film, err = newFilm(next, wishes); err != nil {
		return err
	}
	if r.leader, err = newVoice(utter(true)); err != nil {
		return err
	}
	if r.other, err = newVoice(utter(false)); err != nil {
		return err
	}
	if slices.ContainsFunc(chosen, func(s scenario) bool { return s.slides }) {
		r.slides, err = newDeck(slideSize)
	}
	return err
}

// runAll runs scenarios until one fails.
func (r *runner) runAll(ctx context.Context, chosen []scenario) ([]*Result, error) {
	var results []*Result
	byName := map[string]*Result{}
	for _, s := range chosen {
		res, err := r.run(ctx, s, byName[s.needs])
		if err != nil {
			return results, fmt.Errorf("%s: %w", s.Name, err)
		}
		byName[s.Name] = res
		results = append(results, res)
	}
	return results, nil
}

// verdict is the error that the results are.
func verdict(results []*Result) error {
	var missed, untrusted bool
	for _, r := range results {
		untrusted = untrusted || len(r.Troubles) > 0
		for _, b := range r.Bars {
			missed = missed || !b.Reached
		}
	}
	var err error
	if untrusted {
		err = errUntrusted
	}
	if missed {
		err = errors.Join(err, errMissed)
	}
	return err
}

func (c *Command) writeJSON(results []*Result) error {
	clip := c.Clip
	if clip == "" {
		clip = "drawn"
	}
	file, err := os.Create(c.JSON)
	if err != nil {
		return err
	}
	if err := encodeReport(file, report{
		Date: time.Now().UTC().Truncate(time.Second), Machine: machine(), CPUs: runtime.NumCPU(),
		Go: runtime.Version(), Clip: clip, Bursts: c.Bursts, Results: results,
	}); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

func encodeReport(out io.Writer, r report) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "\t")
	return e.Encode(r)
}

// machine is the processor's name.
func machine() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(info)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
