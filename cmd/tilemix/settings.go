package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"tilemix/mixer/layout"
	"tilemix/signaling"
)

// settings are the operator's settings. A setting has one name everywhere: the flag --max-rooms, TILEMIX_MAX_ROOMS in the environment, max-rooms in the
// file. Flags win over the environment, the environment over the file, the file
// over the defaults. The tag reload says what of a server that runs takes another value over: all of it
// (now), or rooms that begin from then on (rooms). Settings without it need a restart.
type settings struct {
	Config         string     `placeholder:"FILE" help:"YAML file of settings."`
	Listen         string     `default:":8080" help:"Address to serve HTTP on."`
	Port           onlyPort   `default:"0" placeholder:"N" help:"One port for all: HTTP, media and TURN, TCP and UDP, such as 443. The address is that of --listen."`
	MetricsListen  string     `placeholder:"ADDRESS" help:"Address to serve /metrics on, such as 127.0.0.1:9100. The address of --listen then does not."`
	PathPrefix     pathPrefix `placeholder:"PATH" help:"Path under which clients reach the server behind a reverse proxy, such as /mix."`
	TrustedProxies []proxy    `name:"trusted-proxy" placeholder:"IP" help:"Reverse proxy, or network of proxies such as 10.0.0.0/8, whose X-Forwarded-For and X-Forwarded-Prefix count. Repeatable."`
	Hosts          []hostName `reload:"now" name:"host" placeholder:"NAME" help:"Name of this server, such as meet.example.org. Requests to names other than these, the machine's, localhost and IP addresses are refused. Repeatable."`
	AllowOrigins   []origin   `reload:"now" name:"allow-origin" placeholder:"ORIGIN" help:"Origin whose pages may join and watch calls of this server, by the SDK, WHIP, WHEP and HLS, such as https://example.org, or * for any. Repeatable."`
	EmbedOrigins   []origin   `reload:"now" name:"embed-origin" placeholder:"ORIGIN" help:"Origin whose pages may show this server's pages in a frame, such as https://example.org, or * for any. Repeatable."`
	APIRate        natural    `reload:"now" name:"api-rate" env:"TILEMIX_API_RATE" default:"20" help:"Most requests to the API a second with one key, token or invite, and five times as many at once. 0 sets no limit."`
	AddressRate    natural    `reload:"now" default:"10" help:"Most joins, offers and ICE restarts a second from one address, and five times as many at once. 0 sets no limit. This machine has none."`
	tlsSettings
	OpenH264        string       `name:"openh264" env:"TILEMIX_OPENH264" placeholder:"FILE" help:"OpenH264 library to use instead of the system's."`
	ICEServers      []iceServer  `reload:"now" name:"ice-server" placeholder:"URL" help:"STUN or TURN server: stun:HOST:PORT, turn:secret=SECRET@HOST:PORT for one that shares a secret (coturn's use-auth-secret), or turn:USER:PASSWORD@HOST:PORT, which every visitor gets. Repeatable."`
	PublicIPs       []publicIP   `name:"public-ip" placeholder:"IP" help:"Address at which clients reach a server behind one-to-one NAT. Repeatable."`
	MediaListen     []netip.Addr `name:"media-listen" env:"TILEMIX_MEDIA_LISTEN" placeholder:"IP" help:"Address on which media and TURN are received, 0.0.0.0 for all. Repeatable. By default the address of --listen, or all if clients come through a proxy."`
	shared          *onePort     `kong:"-"` // port; follows from others
	traces          traces       `kong:"-"` // follow from others
	MediaLocal      bool         `kong:"-"` // only this machine's programs reach the media; follows from others
	RTCPort         port         `name:"rtc-port" default:"0" help:"Port of all media, UDP and TCP. 0 picks a free one."`
	TURN            bool         `name:"turn" env:"TILEMIX_TURN" help:"Run a TURN server for clients behind firewalls, which relays to this server only."`
	TURNPort        port         `name:"turn-port" default:"0" help:"Port of the TURN server, UDP and TCP. 0 picks a free one."`
	Auth            string       `enum:"open,invite,token" default:"open" help:"What a client needs to enter a room: open (nothing), invite (an invite or a token), or token."`
	TokenKeys       []string     `name:"token-key" env:"TILEMIX_TOKEN_KEYS" placeholder:"FILE" help:"File with a key that tokens are signed with: public keys in PEM, or a secret of at least 32 bytes. Repeatable."`
	JWKS            string       `name:"jwks" env:"TILEMIX_JWKS" placeholder:"URL" help:"JSON Web Key Set that tokens are signed with: a file or a URL."`
	AuthURL         string       `name:"auth-url" env:"TILEMIX_AUTH_URL" placeholder:"URL" help:"URL of a server that is asked about each client that enters a room."`
	Layout          string       `reload:"rooms" default:"grid" help:"Layout of a new room: grid, speaker, or one of --layouts."`
	Layouts         layoutFile   `reload:"now" name:"layouts" env:"TILEMIX_LAYOUTS" placeholder:"FILE" help:"JSON file with layouts of your own, which participants can choose by name."`
	Transition      span         `reload:"rooms" default:"250ms" placeholder:"TIME" help:"Time that tiles take to another place when a layout changes or a participant comes or goes, at most 2s. 0 has them jump. A host can choose another time for a room."`
	MaxTiles        tiles        `reload:"rooms" default:"25" help:"Most tiles in a room's picture, 1 to 25. In a larger room cameras that are on and participants who spoke last have tiles."`
	MaxViews        natural      `default:"0" help:"Most views of all rooms together, beside the view that each room has by itself. 0 is one for each core, and at least 2."`
	MaxParticipants positive     `reload:"rooms" default:"100" help:"Most participants and viewers in a room."`
	MaxRooms        positive     `reload:"now" default:"100" help:"Most rooms at a time."`
	MaxSource       pictureSize  `default:"2560x1440" placeholder:"WxH" help:"Largest picture of a participant that is decoded, in pixels, wide or upright. Inputs are scaled down."`
	DecoderMemory   mebibytes    `default:"0" placeholder:"MIB" help:"Memory in MiB that all decoders may hold. A camera that needs more is not decoded. 0 is a quarter of the machine's."`
	VideoBitrate    positive     `reload:"rooms" default:"1500000" help:"Bitrate of a room's picture, in bits per second."`
	AudioBitrate    positive     `reload:"rooms" default:"32000" help:"Bitrate of a room's sound, in bits per second, 6000 to 510000. Stereo has twice as much."`
	AudioChannels   int          `enum:"1,2" default:"1" help:"Channels of a room's sound: 1, or 2 for stereo to participants whose clients ask for it, recordings and broadcasts."`
	Spatial         bool         `name:"spatial" env:"TILEMIX_SPATIAL" help:"Place each mono voice between left and right where its tile is. Needs --audio-channels 2."`
	KeepLoudness    bool         `reload:"rooms" name:"keep-loudness" env:"TILEMIX_KEEP_LOUDNESS" help:"Mix each voice as loud as its participant sends it, and not all equally loud."`
	DataDir         string       `default:"data" placeholder:"DIR" help:"Folder of recordings, of files that can be inputs, and of events that wait for a webhook. Each server needs its own."`
	AudioCodec      string       `enum:"auto,opus,aac" default:"auto" help:"Audio codec of recordings: opus, as the server sends it, or aac, which all programs for editing take and which needs FFmpeg. auto is aac where FFmpeg is installed."`
	MaxRecordings   positive     `reload:"now" default:"20" help:"Most recordings at a time."`
	RoomRecordings  positive     `reload:"now" name:"max-room-recordings" env:"TILEMIX_MAX_ROOM_RECORDINGS" default:"5" placeholder:"N" help:"Most recordings of one room at a time."`
	MaxRecording    span         `reload:"now" default:"12h" placeholder:"TIME" help:"Longest recording, pauses included, such as 90m. Then the server ends it. 0 is no limit."`
	MinFree         mebibytes    `reload:"now" default:"0" placeholder:"MIB" help:"Least free disk space in MiB. With less, recordings end and none begins. 0 is 2 % of the disk, at most 1024."`
	AllowPrivate    bool         `name:"allow-private-outputs" env:"TILEMIX_ALLOW_PRIVATE_OUTPUTS" help:"Let outputs, inputs and webhooks reach this machine and private networks."`
	Webhooks        []string     `reload:"now" name:"webhook" placeholder:"URL" help:"URL that gets the events of rooms, participants, recordings and outputs. Repeatable."`
	WebhookSecret   secret       `reload:"now" placeholder:"SECRET" help:"Secret that signs requests to webhooks. Put it into the environment or the file, because all users of a machine see its flags."`
	HLS             bool         `name:"hls" env:"TILEMIX_HLS" help:"Broadcast a room by HLS as soon as a viewer plays it, also without a request to start."`
	HLSRenditions   []string     `name:"hls-renditions" env:"TILEMIX_HLS_RENDITIONS" placeholder:"LIST" help:"What players of a broadcast choose from, unless the request to start says so: heights of the picture and of its halves, such as 720p,360p, and audio for sound alone. Without a list it is the full picture."`
	HLSAudio        string       `name:"hls-audio" env:"TILEMIX_HLS_AUDIO" enum:"auto,opus" default:"auto" help:"Sound of broadcasts: auto is AAC beside Opus where FFmpeg is installed, because old players and TVs have no Opus. opus costs no encode."`
	archiveSettings
	operateSettings
	isolationSettings
	clusterSettings
	PProf string `name:"pprof" env:"TILEMIX_PPROF" placeholder:"ADDRESS" help:"Loopback address to serve Go's profiles on, such as 127.0.0.1:6060."`
}

// positive is a whole number above zero.
type positive int

// UnmarshalText reads a positive. kong uses it for flags, environment and file.
func (p *positive) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 {
		return fmt.Errorf("must be a whole number above zero, not %q", text)
	}
	*p = positive(n)
	return nil
}

// natural is a whole number, 0 or more.
type natural int

// UnmarshalText reads a natural. kong uses it for flags, environment and file.
func (n *natural) UnmarshalText(text []byte) error {
	value, err := strconv.Atoi(string(text))
	if err != nil || value < 0 {
		return fmt.Errorf("must be a whole number, 0 or more, not %q", text)
	}
	*n = natural(value)
	return nil
}

// port is a port of UDP or TCP, or 0.
type port int

// UnmarshalText reads a port. kong uses it for flags, environment and file.
func (p *port) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 16)
	if err != nil {
		return fmt.Errorf("must be a whole number from 0 to 65535, not %q", text)
	}
	*p = port(n)
	return nil
}

// onlyPort is a port of UDP and TCP that serves all, or 0.
type onlyPort port

// UnmarshalText reads an onlyPort. kong uses it for flags, environment and file. Kubernetes sets
// TILEMIX_PORT to the URL of a service with the server's name, which says nothing of the server.
func (p *onlyPort) UnmarshalText(text []byte) error {
	if strings.HasPrefix(string(text), "tcp://") {
		*p = 0
		return nil
	}
	return (*port)(p).UnmarshalText(text)
}

// pathPrefix is a path before all addresses of the server, "" for none.
type pathPrefix string

// UnmarshalText reads a pathPrefix. kong uses it for flags, environment and file.
func (p *pathPrefix) UnmarshalText(text []byte) error {
	*p = pathPrefix(strings.TrimRight(string(text), "/"))
	if *p == "" {
		return nil
	}
	return signaling.CheckPrefix(string(*p))
}

// hostName is a name of the server.
type hostName string

// UnmarshalText reads a hostName. kong uses it for flags, environment and file.
func (h *hostName) UnmarshalText(text []byte) error {
	*h = hostName(text)
	return signaling.CheckHost(string(text))
}

// origin is an origin of pages, or *.
type origin string

// UnmarshalText reads an origin. kong uses it for flags, environment and file.
func (o *origin) UnmarshalText(text []byte) error {
	*o = origin(text)
	return signaling.CheckOrigin(string(text))
}

// proxy is the address of a reverse proxy, or a network of them.
type proxy netip.Prefix

// UnmarshalText reads a proxy. kong uses it for flags, environment and file.
func (p *proxy) UnmarshalText(text []byte) error {
	if addr, err := netip.ParseAddr(string(text)); err == nil {
		addr = addr.Unmap()
		*p = proxy(netip.PrefixFrom(addr, addr.BitLen()))
		return nil
	}
	network, err := netip.ParsePrefix(string(text))
	if err != nil {
		return fmt.Errorf("must be an IP address or a network such as 10.0.0.0/8, not %q", text)
	}
	*p = proxy(network.Masked())
	return nil
}

// tiles is a number of tiles that a layout can have.
type tiles int

// UnmarshalText reads tiles. kong uses it for flags, environment and file.
func (t *tiles) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > layout.MaxTiles {
		return fmt.Errorf("must be a whole number from 1 to %d, not %q", layout.MaxTiles, text)
	}
	*t = tiles(n)
	return nil
}
