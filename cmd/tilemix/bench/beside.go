package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// pushes is how many servers a room is pushed to, beside being recorded and broadcast.
const pushes = 3

// company is what a room has beside its call: a recording, a broadcast and pushes.
type company struct{ *measurement }

// begin has the room recorded, broadcast and pushed, and waits until all of that flows.
// What it returns ends the servers that it is pushed to.
func (m company) begin(ctx context.Context) (end func(), err error) {
	var far []*exec.Cmd
	end = func() {
		for _, cmd := range far {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	defer func() {
		if err != nil {
			end()
		}
	}()
	room := m.call.room(atRoom)
	err = errors.Join(m.call.ask(ctx, http.MethodPost, room+"/recordings", nil, nil),
		m.call.ask(ctx, http.MethodPut, room+"/broadcast", nil, nil))
	for range pushes {
		cmd, url, serveErr := serveRTMP()
		if serveErr != nil {
			return end, errors.Join(err, serveErr)
		}
		far = append(far, cmd)
		err = errors.Join(err, m.call.ask(ctx, http.MethodPost, room+"/outputs", map[string]string{"url": url}, nil))
	}
	if err != nil {
		return end, err
	}
	return end, m.settled(ctx)
}

// serveRTMP starts a server that takes one stream and drops it. It is pushed to again
// until it listens.
func serveRTMP() (*exec.Cmd, string, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	url := "rtmp://" + address + "/live/bench"
	cmd := exec.Command("ffmpeg", "-nostdin", "-loglevel", "quiet", "-listen", "1", "-f", "flv", "-i", url, "-c", "copy", "-f", "null", "-")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, "", fmt.Errorf("a server to push to: %w", err)
	}
	return cmd, url, nil
}

// settled waits until all of that flows.
func (m company) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	for {
		all, err := m.flows(ctx)
		if err != nil || all {
			return err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("what is beside the call does not begin: %w", err)
		}
	}
}

// flows tells whether the recording is written, the broadcast on, and all that is pushed
// taken.
func (m company) flows(ctx context.Context) (all bool, err error) {
	type state struct {
		State string `json:"state"`
	}
	var now struct {
		state              // of the broadcast
		Recordings []state `json:"recordings"`
		Outputs    []state `json:"outputs"`
	}
	for _, what := range []string{"/recordings", "/outputs", "/broadcast"} {
		if err := m.call.ask(ctx, http.MethodGet, m.call.room(atRoom)+what, nil, &now); err != nil {
			return false, err
		}
	}
	down := func(s state) bool { return s.State != "up" }
	return now.State == "on" && len(now.Outputs) == pushes && !slices.ContainsFunc(now.Outputs, down) &&
		slices.Contains(now.Recordings, state{"recording"}), nil
}
