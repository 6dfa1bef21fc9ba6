package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// topic is what some flags of serve are about.
type topic struct {
	name  string // for tilemix help
	title string
	flags string // their names
}

// topics are all topics. Each flag of serve is in one, which a test holds.
var topics = []topic{
	{"address", "Addresses, proxies and pages", "config listen port metrics-listen path-prefix trusted-proxy host allow-origin embed-origin api-rate address-rate"},
	{"tls", "Certificates", "tls domain tls-cert tls-key acme-email acme-directory acme-eab http-listen"},
	{"network", "Media and NAT", "ice-server public-ip media-listen rtc-port turn turn-port"},
	{"access", "Access", "auth token-key jwks auth-url"},
	{"picture", "Picture and layout", "layout layouts transition max-tiles max-views max-source video-bitrate"},
	{"sound", "Sound", "audio-bitrate audio-channels spatial keep-loudness"},
	{"limits", "Limits", "max-participants max-rooms decoder-memory"},
	{"recording", "Recordings", "data-dir audio-codec max-recordings max-room-recordings max-recording min-free keep-recordings max-recordings-size recordings-dry-run archive archive-region archive-access-key archive-secret-key archive-remove"},
	{"broadcast", "Broadcasts, outputs and webhooks", "hls hls-renditions hls-audio allow-private-outputs webhook webhook-secret"},
	{"codec", "Codecs and isolation", "openh264 decoder isolation isolation-required"},
	{"operation", "Operation", "log-level log-format log-privacy otlp-endpoint otlp-headers drain-timeout pprof"},
	{"cluster", "Several servers", "cluster-listen cluster-join cluster-key cluster-id nats cluster-busy relay-above redirect"},
}

// topicNames are the names of all topics, in their order.
func topicNames() (names []string) {
	for _, t := range topics {
		names = append(names, t.name)
	}
	return names
}

// examples are what serve --help shows before the flags.
func examples() string {
	return `Examples:
  tilemix serve
    Try it on this machine: http://localhost:8080
  tilemix serve --tls self --port 8443
    For a local network. One port has to be open, TCP and UDP.
  tilemix serve --tls acme --domain meet.example.org --port 443
    On the internet, with a certificate of Let's Encrypt.
  tilemix serve --config /etc/tilemix/tilemix.yaml
    With a file of settings, one "name: value" a line.

The settings of one topic: tilemix help TOPIC, of ` + strings.Join(topicNames(), ", ") + "."
}

// sortFlags puts the flags of serve into the groups of their topics, below examples.
func sortFlags(app *kong.Kong) {
	serveNode(app).Detail = examples()
	groups := map[string]*kong.Group{}
	for _, t := range topics {
		g := &kong.Group{Key: t.name, Title: t.title + ":"}
		for name := range strings.FieldsSeq(t.flags) {
			groups[name] = g
		}
	}
	for _, flag := range serveNode(app).Flags {
		flag.Group = groups[flag.Name]
	}
}

// serveNode is the command serve.
func serveNode(app *kong.Kong) *kong.Node {
	for _, command := range app.Model.Children {
		if command.Name == "serve" {
			return command
		}
	}
	return app.Model.Node
}

// helpCommand is "tilemix help".
type helpCommand struct {
	Topic string `arg:"" optional:"" placeholder:"TOPIC" help:"Topic of settings. Without one, all topics are listed."`
}

// Run lists the topics, or shows the settings of one.
func (c *helpCommand) Run(app *kong.Kong) error {
	if c.Topic == "" {
		fmt.Fprintln(app.Stdout, "tilemix --help lists the commands, tilemix COMMAND --help what each takes.\nThe settings of serve by topic, with tilemix help TOPIC:")
		for _, t := range topics {
			fmt.Fprintf(app.Stdout, "  %-10s %s\n", t.name, t.title)
		}
		return nil
	}
	known := false
	for _, flag := range serveNode(app).Flags {
		in := flag.Group != nil && flag.Group.Key == c.Topic
		known, flag.Hidden = known || in, !in
	}
	if !known {
		return fmt.Errorf("there is no topic %.40q, but %s", c.Topic, strings.Join(topicNames(), ", "))
	}
	for _, flag := range app.Model.Flags {
		flag.Hidden = true
	}
	serveNode(app).Detail = "" // its examples are of all topics
	usage, err := kong.Trace(app, []string{"serve"})
	if err != nil {
		return err
	}
	return usage.PrintUsage(false)
}
