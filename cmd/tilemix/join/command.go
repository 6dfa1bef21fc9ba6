package join

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sync/errgroup"

	"tilemix/codec/h264"
	"tilemix/mcu/capture"
	"tilemix/mcu/rtc/whip"
)

// Command is "tilemix join".
type Command struct {
	Server    string        `arg:"" default:"http://localhost:8080" help:"Address of the server or of the call, as https://meet.example.org/r/demo, or an invite link; by default ${default}."`
	Room      string        `help:"Room to join, unless the address names it."`
	Name      string        `help:"Name that the others see; by default the machine's."`
	Token     string        `env:"TILEMIX_JOIN_TOKEN" xor:"secret" help:"Token or API key to enter a closed room with. Put it into the environment, because all users of a machine see its flags."`
	Invite    string        `env:"TILEMIX_JOIN_INVITE" xor:"secret" placeholder:"LINK" help:"Invite to enter a closed room with: its link, or the secret in the link."`
	PIN       string        `name:"pin" env:"TILEMIX_JOIN_PIN" placeholder:"DIGITS" help:"PIN to enter a room with."`
	Camera    string        `xor:"picture" placeholder:"DEVICE" help:"Camera to send: /dev/video0, test, or a file that FFmpeg reads."`
	Screen    string        `xor:"picture" placeholder:"FILE" help:"Screen to share instead of a camera: test, or a file that FFmpeg reads."`
	Mic       string        `placeholder:"DEVICE" help:"Microphone to send: default, a part of its name, test, or a file that FFmpeg reads."`
	Loop      bool          `help:"Play files again and again; else the call ends with the first that ends."`
	Size      string        `default:"1280x720" help:"Size that is wished for of the camera, in pixels. What is sent is what the server asks for."`
	FrameRate int           `default:"30" help:"Most pictures a second, 1 to 60."`
	Record    string        `placeholder:"FILE" help:"MP4 file for the picture and the sound of the call."`
	Duration  time.Duration `help:"How long to stay; 0 is until interrupted."`
	OpenH264  string        `name:"openh264" env:"TILEMIX_OPENH264" placeholder:"FILE" help:"OpenH264 library to use instead of the system's."`
}

// Run joins until SIGINT or SIGTERM, which end it without an error.
func (c *Command) Run(app *kong.Kong) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills
	return c.Join(ctx, app.Stdout)
}

// errDone ends a call without an error of the command.
var errDone = errors.New("done")

// Join stays in the call until ctx ends, Duration is over or a file has ended. It says on
// out what happens. It fails when the client has never been in the call.
func (c *Command) Join(ctx context.Context, out io.Writer) error {
	want, err := c.check()
	if err != nil {
		return err
	}
	if c.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Duration)
		defer cancel()
	}
	call := newCall(c, out)
	if c.Record != "" {
		if call.file, err = newRecording(c.Record); err != nil {
			return err
		}
	}
	group, running := errgroup.WithContext(ctx)
	if err = c.start(running, group, call, want); err == nil {
		group.Go(func() error { return call.keep(running) })
		group.Go(func() error { return call.report(running) })
	} else {
		group.Go(func() error { return err })
	}
	err = group.Wait()
	if errors.Is(err, errDone) || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = call.absence()
	}
	return errors.Join(err, call.file.close(out))
}

// picture is the camera or the screen to send; "": none.
func (c *Command) picture() string { return cmp.Or(c.Screen, c.Camera) }

// start opens the sources and starts what sends them.
func (c *Command) start(ctx context.Context, group *errgroup.Group, call *call, want capture.Format) error {
	if from := c.picture(); from != "" {
		camera, err := capture.OpenCamera(ctx, from, want, c.Loop)
		if err != nil {
			return err
		}
		p := newPicture(camera, call, want.FrameRate)
		group.Go(func() error { return ended(p.run(ctx)) })
	}
	if c.Mic != "" {
		microphone, err := capture.OpenMicrophone(ctx, c.Mic, c.Loop)
		if err != nil {
			return err
		}
		v, err := newVoice(microphone, call)
		if err != nil {
			return errors.Join(err, microphone.Close())
		}
		group.Go(func() error { return ended(v.run(ctx)) })
	}
	return nil
}

// ended turns the end of a file into the end of the call.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return errDone
	}
	return err
}

// target says where the client joins, and with what.
func (c *Command) target() whip.Target {
	t := whip.Room(c.Server, c.Room, c.Name, c.picture() == "" && c.Mic == "")
	if c.Screen != "" {
		t.URL += "&as=screen"
	}
	_, fragment, _ := strings.Cut(c.Invite, "#")
	values, _ := url.ParseQuery(fragment)
	t.Token = cmp.Or(c.Token, values.Get("i"), c.Invite)
	if c.PIN != "" {
		t.Header = http.Header{"Tilemix-Pin": {c.PIN}}
	}
	return t
}

// check checks the flags and sets what they leave out.
func (c *Command) check() (want capture.Format, err error) {
	if err := c.follow(); err != nil {
		return want, err
	}
	var size image.Point
	if _, err := fmt.Sscanf(c.Size, "%dx%d", &size.X, &size.Y); err != nil || min(size.X, size.Y) < 64 || max(size.X, size.Y) > 4096 {
		return want, fmt.Errorf("size %q is none from 64x64 to 4096x4096", c.Size)
	}
	if c.FrameRate < 1 || c.FrameRate > 60 {
		return want, fmt.Errorf("frame rate %d is not from 1 to 60", c.FrameRate)
	}
	if c.Duration < 0 {
		return want, fmt.Errorf("duration %v is negative", c.Duration)
	}
	if c.Name == "" {
		if c.Name, err = os.Hostname(); err != nil {
			c.Name = "tilemix"
		}
	}
	return capture.Format{Size: size, FrameRate: c.FrameRate}, h264.Open(c.OpenH264)
}
