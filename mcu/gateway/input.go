package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"tilemix/codec/h264"
	"tilemix/mcu"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/gateway/address"
	"tilemix/mcu/presence"
)

// InputOptions say which stream an input brings into a room.
type InputOptions struct {
	URL  string `json:"url"`
	Name string `json:"name"` // of the participant; "": the host or the file
	// Loop repeats a file, instead of leaving at its end.
	Loop bool `json:"loop"`
	// From is the address by which the client is counted; zero: it is not.
	From netip.Prefix `json:"-"`
	// ID is that of an input which goes on after a crash of the server; "": a new one.
	ID string `json:"-"`
	// Ended is called once, by a goroutine of its own, when the input has ended for whatever reason. It may be nil.
	Ended func() `json:"-"`
}

// AddInput brings a stream into a room as a participant, and opens the room if there is none. The
// participant stays while the stream is down. It leaves when the input is removed, when a file has
// ended or cannot be read, and after Config.Futile.
func (g *Gateway) AddInput(ctx context.Context, room string, o InputOptions) (Info, error) {
	if err := (solitude{g}).opens(room, o.From); err != nil {
		return Info{}, err
	}
	a, err := g.judge(ctx, o.URL, address.Input)
	if err != nil {
		return Info{}, err
	}
	if a.Scheme() == "file" {
		f, err := open(g.cfg.Dir, a)
		if err != nil {
			return Info{}, fmt.Errorf("%w: %w", address.ErrRefused, err)
		}
		_ = f.Close()
	}
	if err := g.needFFmpeg(); err != nil {
		return Info{}, err
	}
	name := cmp.Or(o.Name, path.Base(a.File()))
	if a.Scheme() != "file" {
		name = cmp.Or(o.Name, a.Host())
	}
	who, err := g.join(mcu.JoinOptions{Room: room, Name: name, Fed: true, Origin: presence.Origin{Way: "input"}})
	if err != nil {
		return Info{}, err
	}
	l := g.newLink(Input, room, a, o.ID)
	if o.Ended != nil {
		context.AfterFunc(l.life, o.Ended)
	}
	l.info.Name, l.from = name, o.From
	l.futile = func(ever bool, down time.Duration) bool { return solitude{g}.futile(room, ever, down) }
	who.AfterLeave(l.end)
	context.AfterFunc(l.life, who.Leave)
	in := &input{link: l, gateway: g, address: a, who: who, loop: o.Loop, first: make(chan error, 1)}
	info, err := g.add(l, in.try)
	if err == nil && g.encoders.full() {
		err = in.verdict(ctx)
	}
	if err != nil {
		l.end()
	}
	return info, err
}

// verdict waits for the first attempt, while all encoders are taken. The error is ErrTooMany if the
// stream needs one.
func (in *input) verdict(ctx context.Context) error {
	late := time.NewTimer(blind)
	defer late.Stop()
	select {
	case err := <-in.first:
		if errors.Is(err, ErrTooMany) {
			return err
		}
	case <-late.C:
	case <-ctx.Done():
	}
	return nil
}

// open opens a file of the data folder. It refuses a path or a symbolic link that leads out
// of the folder.
func open(dir string, a address.Address) (*os.File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errors.New("there is no data folder")
	}
	defer root.Close()
	switch i, err := root.Stat(a.File()); {
	case errors.Is(err, os.ErrNotExist):
		return nil, errors.New("there is no such file in the data folder")
	case err != nil:
		return nil, errors.New("the path leads out of the data folder, or cannot be read")
	case !i.Mode().IsRegular():
		return nil, errors.New("the path is not a regular file")
	}
	return root.Open(a.File())
}

// vainTries is how often in a row a file may bring no media. Waiting does not mend a file, and
// the input would keep its room from ending.
const vainTries = 3

// input is a stream that plays in a room. One goroutine makes its attempts.
type input struct {
	*link
	gateway   *Gateway
	address   address.Address
	who       *mcu.Participant
	loop      bool
	transcode bool       // FFmpeg encodes the picture
	vain      int        // attempts in a row that brought nothing
	live      bool       // the stream has no times: JPEGs of a camera, as it takes them
	first     chan error // what came of the first attempt; nil: it is seen
}

// try plays the stream until it ends.
func (in *input) try(ctx context.Context, up func()) error {
	in.vain++
	err := in.play(ctx, func() {
		in.vain = 0
		in.tell(nil)
		up()
	})
	in.tell(err)
	if errors.Is(err, ErrTooMany) {
		in.vain = 0 // waiting mends it
	}
	if err != nil && in.address.Scheme() == "file" && in.vain >= vainTries {
		return fmt.Errorf("%w: %w", errVain, err)
	}
	return err
}

// tell has verdict return.
func (in *input) tell(err error) {
	select {
	case in.first <- err:
	default:
	}
}

// play pulls the stream. It pulls again with an encoder if the picture is not H.264.
func (in *input) play(ctx context.Context, up func()) error {
	s := newSight(up, in.dim)
	defer s.watch()()
	err := in.pull(ctx, s.seen)
	if why := unreadable(err); why != "" && !in.transcode {
		in.log.Info("stream is transcoded", "reason", why)
		in.change(func(i *Info) { i.Transcoded = why })
		in.transcode = true
		in.live = strings.HasPrefix(in.address.Scheme(), "http") && strings.Contains(why, " mjpeg,")
		err = in.pull(ctx, s.seen)
		if in.live && err != nil && !s.lit.Load() {
			in.live = false
			err = in.pull(ctx, s.seen)
		}
	}
	if err == nil && in.address.Scheme() == "file" {
		return errOver
	}
	return err
}

// foreign matches what FFmpeg says of video that is not H.264.
var foreign = regexp.MustCompile(`Codec '(\w+)' \(\d+\) is not supported by the bitstream filter`)

// unreadable returns why the server's decoder cannot read the stream of an attempt that has ended. It
// is "" if the attempt has ended for another reason.
func unreadable(err error) string {
	if err == nil {
		return ""
	}
	if errors.Is(err, h264.ErrUnreadable) {
		return err.Error()
	}
	if m := foreign.FindStringSubmatch(err.Error()); m != nil {
		return "the video is " + m[1] + ", not H.264"
	}
	return ""
}

func (in *input) pull(ctx context.Context, seen func()) error {
	at, err := in.gateway.find(ctx, in.address)
	if err != nil {
		return err
	}
	if in.transcode {
		release, err := in.gateway.encoders.take()
		if err != nil {
			return err
		}
		defer release()
	}
	p, err := newProxy(ctx, in.gateway.rules, in.address, at)
	if err != nil {
		return err
	}
	defer p.stop()
	d := newTSDemuxer(in.address.Paced(), newTrial(in.gateway), seen)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d.play(ctx, in.who, cancel)
	defer d.wait()
	for {
		c := ffmpeg.Command{Program: in.gateway.cfg.FFmpeg, Args: in.args(), Env: p.env, Out: d.run, Strict: true, Lower: true, Cell: in.gateway.cfg.Cell, Reach: p.reach}
		if in.address.Scheme() != "file" {
			c.Secret = playlist(in.address, p.url, in.live)
		} else if c.File, err = open(in.gateway.cfg.Dir, in.address); err != nil {
			return err
		}
		err := c.Run(ctx)
		if err == nil && !d.begun {
			err = errors.New("the stream ended without any media")
		}
		if err != nil || !in.loop || ctx.Err() != nil {
			return p.reason(err)
		}
		d.rewind()
	}
}

// formats are those of files. None of them leads to another file or to another host.
const formats = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,flv,live_flv,avi,ogg,wav,mp3,aac,flac,h264,mjpeg,mpjpeg"

// reaches has, by scheme, the protocols and formats by which FFmpeg may read an address. The protocols have
// no "file", because an HLS playlist names its segments. The formats have no SDP, because an SDP names any host.
var reaches = map[string]struct{ protocols, formats string }{
	"http":  {"tcp,tls,http,https,httpproxy,crypto", "hls," + formats},
	"https": {"tcp,tls,http,https,httpproxy,crypto", "hls," + formats},
	"rtsp":  {"tcp", "rtsp"},
	"rtmp":  {"tcp,rtmp", "flv,live_flv"},
	"rtmps": {"tcp,tls,httpproxy,rtmp,rtmps", "flv,live_flv"},
}

// args are the arguments of FFmpeg. It copies H.264, encodes Opus in packets of 20 ms, and writes
// an MPEG transport stream, whose packets are whole as soon as they are written.
func (in *input) args() []string {
	args := []string{"-hide_banner", "-nostats", "-nostdin", "-loglevel", "error"}
	if in.transcode {
		args = append(args, "-threads", "1") // of the decoder, because calls need the other cores
	}
	if in.address.Scheme() == "file" {
		args = append(args, "-protocol_whitelist", "file", "-format_whitelist", formats, "-i", ffmpeg.SecretFile)
	} else {
		args = append(args, "-protocol_whitelist", "pipe", "-format_whitelist", "concat", "-f", "concat", "-safe", "0", "-i", "pipe:3")
	}
	args = append(args, "-map", "0:V:0?", "-map", "0:a:0?")
	if in.transcode {
		args = append(args, "-c:v", "libx264", "-threads", "1", "-preset", "superfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p",
			"-vf", "yadif=deint=interlaced,"+within(in.gateway.cfg.MaxSource), "-fpsmax", "30",
			"-g", "60", "-b:v", "2M", "-maxrate", "2M", "-bufsize", "1M")
	} else {
		args = append(args, "-c:v", "copy", "-bsf:v", "h264_mp4toannexb,dump_extra")
	}
	return append(args, "-c:a", "libopus", "-b:a", "64k", "-ar", "48000", "-frame_duration", "20",
		"-af", "aresample=async=1,aformat=channel_layouts=mono|stereo", "-muxdelay", "0", "-muxpreload", "0", "-pes_payload_size", "0",
		"-flush_packets", "1", "-f", "mpegts", "pipe:1")
}

// playlist returns an ffconcat playlist with the address, because arguments are visible to other
// users. Its lists of protocols and formats replace those by which FFmpeg reads the playlist.
func playlist(a address.Address, url string, live bool) string {
	may := reaches[a.Scheme()]
	list := "ffconcat version 1.0\nfile '" + url + "'\n"
	if live { // FFmpeg takes 25 pictures a second otherwise, and those of a faster camera wait ever longer
		may.formats = "mpjpeg"
		list += "option use_wallclock_as_timestamps 1\n"
	}
	list += "option protocol_whitelist " + may.protocols + "\noption format_whitelist " + may.formats + "\n"
	wait := "rw_timeout"
	switch a.Scheme() {
	case "rtmp": // the URL has an IP in place of the name
		list += "option rtmp_tcurl '" + a.App() + "'\n"
	case "rtsp":
		list += "option rtsp_transport tcp\n"
		wait = "timeout"
	}
	return list + "option " + wait + " " + ioTimeout + "\n"
}
