package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tilemix/codec/mp4"
	"tilemix/mcu"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/gateway/address"
	"tilemix/mcu/intake"
	"tilemix/mcu/media"
	"tilemix/mcu/views"
)

const (
	// keyInterval is the time between IDRs while an output is up, because viewers at the far
	// end wait for one. Platforms want it to be two seconds. A tick may come a moment early, and
	// the IDR is not to wait for the next one.
	keyInterval = 2*time.Second - 10*time.Millisecond
	// pictureInterval is the longest time between two pictures of a push by FFmpeg, because
	// platforms end a stream with fewer than ten pictures a second. It is two ticks of the picture
	// clock, so a tick that is left out costs no more than that.
	pictureInterval = 60 * time.Millisecond
	// patience is how long the far end may accept no media.
	patience = 15 * time.Second
	// ioTimeout is how long a connection of FFmpeg may do nothing, in µs.
	ioTimeout = "10000000"
	// pictureTime is the duration of a picture that is the last.
	pictureTime = time.Second / 30
	// packetsAFragment bounds the delay of sound while no picture comes.
	packetsAFragment = 5
)

// OutputOptions say where an output sends the mix of a room.
type OutputOptions struct {
	URL string `json:"url"`
	// Token is the bearer token of a WHIP server (RFC 9725 §4.7).
	Token string `json:"token,omitempty"`
	// View is what it sends; zero: the room's view.
	View views.Wish `json:"view,omitzero"`
	// From is the address by which the client is counted; zero: it is not.
	From netip.Prefix `json:"-"`
	// ID is that of an output which goes on after a crash of the server; "": a new one.
	ID string `json:"-"`
	// Request is the ID of the request that adds it, for the log; "": none does.
	Request string `json:"-"`
}

// output sends the mix of a room to another server.
type output struct {
	*link
	gateway *Gateway
	address address.Address
	token   string // for a WHIP server
}

// try sends until the connection ends.
func (o *output) try(ctx context.Context, up func()) error {
	at, err := o.gateway.find(ctx, o.address)
	if err != nil {
		return err
	}
	if o.address.IsWHIP() {
		return o.whip(ctx, up)
	}
	q, detach, err := o.attach(media.SinkOptions{KeyInterval: keyInterval, PictureInterval: pictureInterval})
	if err != nil {
		return err
	}
	defer detach()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p := &push{queue: q, up: up, stop: stop, channels: o.room.AudioChannels()}
	command := p.command(o.gateway.cfg.FFmpeg, o.address, at)
	tunnel := &proxy{}
	if o.address.Scheme() == "rtmps" {
		if tunnel, err = newWebProxy(ctx, o.gateway.rules, o.address); err != nil {
			return err
		}
		defer tunnel.stop()
		command.Env, command.Reach = tunnel.env, tunnel.reach
	}
	command.Cell = o.gateway.cfg.Cell
	err = command.Run(ctx)
	if p.over {
		return errOver
	}
	return tunnel.reason(err)
}

// attach has the room fill a queue until detach returns.
func (o *output) attach(pace media.SinkOptions) (q *queue, detach func(), err error) {
	q = newQueue()
	o.mu.Lock()
	pace.View = o.wish
	o.mu.Unlock()
	pace.Of, pace.Fallen = "output "+o.info.ID, func(view string) {
		o.change(func(i *Info) { i.View, i.Notice = views.Wish{}.String(), media.Fell(view) })
	}
	leave, err := o.room.Attach(q, pace)
	if errors.Is(err, views.ErrLimit) || errors.Is(err, mcu.ErrNotFound) { // better another view than none
		o.log.Warn("output has the room's view", "reason", err)
		q, pace.View = newQueue(), views.Wish{}
		o.change(func(i *Info) { i.View = pace.View.String() })
		leave, err = o.room.Attach(q, pace)
	}
	if errors.Is(err, mcu.ErrClosed) {
		return nil, nil, errOver
	}
	if err != nil {
		return nil, nil, err
	}
	o.queue.Store(q)
	return q, func() {
		leave()
		<-q.ended
		o.change(func(*Info) { // Info counts them once
			o.queue.Store(nil)
			o.lost.add(q.Dropped())
		})
	}, nil
}

// push is one connection of an output by FFmpeg. It writes the mix as fragmented MP4, with a
// fragment for each picture, because this keeps all times and delays nothing.
type push struct {
	queue *queue
	up    func()
	stop  context.CancelCauseFunc
	over  bool // the room has ended; valid when the child has ended
	flows atomic.Bool

	channels int // of the sound
}

// command returns the FFmpeg command for an address, which leads to at. Keys go to an options file,
// as far as FFmpeg has options for them.
func (p *push) command(program string, a, at address.Address) ffmpeg.Command {
	args := []string{
		"-hide_banner", "-nostats", "-loglevel", "error",
		"-progress", "pipe:1", "-stats_period", "0.5",
		"-f", "mp4", "-probesize", "32", "-i", "pipe:0",
		"-map", "0:v", "-map", "0:a", "-c:v", "copy",
	}
	target, secret := destination(a, at)
	args = append(args, "-fpre", ffmpeg.SecretFile)
	return ffmpeg.Command{
		Program: program, Args: append(args, target...), Secret: secret,
		In: p.feed, Out: p.watch, Strict: true, Reach: reachOf(at),
	}
}

var (
	aac  = []string{"-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2"}
	opus = []string{"-c:a", "copy"}
)

// destination returns FFmpeg's arguments and options for an address. FFmpeg gets an IP in place of
// the name, which it would look up once more. With TLS it needs the name for the certificate, and
// connects by a proxy, which judges the address.
func destination(a, at address.Address) (args []string, secret string) {
	switch a.Scheme() {
	case "srt":
		var options strings.Builder
		options.WriteString("timeout=" + ioTimeout + "\n")
		for name, value := range a.SRT() {
			fmt.Fprintf(&options, "%s=%s\n", name, value)
		}
		return append(slices.Clip(aac), "-flush_packets", "1", "-f", "mpegts", "srt://"+at.HostPort()), options.String()
	case "rtsp":
		return append(slices.Clip(opus), "-rtsp_transport", "tcp", "-f", "rtsp", at.URL()), "\n"
	default:
		app, key := a.RTMP()
		secret = "rtmp_app=" + app + "\nrtmp_playpath=" + key + "\nrtmp_live=live\nrw_timeout=" + ioTimeout + "\n"
		if a.Scheme() == "rtmps" {
			at, secret = a, secret+"tls_verify=1\n"
		} else {
			secret += "rtmp_tcurl=" + a.Server() + "/" + app + "\n"
		}
		return append(slices.Clip(aac), "-flvflags", "no_duration_filesize", "-f", "flv", at.Open()), secret
	}
}

// feed writes the queue to FFmpeg until the room or FFmpeg has ended.
func (p *push) feed(w io.Writer) error {
	config := mp4.Default()
	config.Channels = p.channels
	out := mp4.NewWriter(w, config)
	pending := 0
	for {
		select {
		case u := <-p.queue.C:
			err := p.write(out, u, &pending)
			p.queue.Done(u)
			if err != nil {
				return nil //nolint:nilerr // FFmpeg has ended, and says why
			}
		case <-p.queue.ended:
			p.over = true
			return nil
		}
	}
}

func (p *push) write(out *mp4.Writer, u *intake.Unit, pending *int) error {
	if u.Video {
		if err := out.WriteVideo(u.Data, u.At, pictureTime, u.Key); err != nil {
			return err
		}
	} else {
		if err := out.WriteAudio(u.Data, u.At); err != nil {
			return err
		}
		if *pending++; *pending < packetsAFragment {
			return nil
		}
	}
	*pending = 0
	return out.Flush()
}

// watch reads the progress of FFmpeg, and ends FFmpeg after patience without progress.
func (p *push) watch(r io.Reader) error {
	still := time.AfterFunc(patience, func() { p.stop(errors.New("the far end accepts no media")) })
	defer still.Stop()
	var before int64
	for lines := bufio.NewScanner(r); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if name != "out_time_us" {
			continue
		}
		if at, err := strconv.ParseInt(value, 10, 64); err == nil && at > before {
			before = at
			still.Reset(patience)
			if p.flows.CompareAndSwap(false, true) {
				p.up()
			}
		}
	}
	return nil
}
