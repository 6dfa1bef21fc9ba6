package rtctest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/rtctest/network"
)

// connection is a client's end of the network path, without its media. It is safe for
// concurrent use.
type connection struct {
	pc        *webrtc.PeerConnection
	mux       ice.UDPMux
	line      *network.Conn // nil but where UDP is open
	control   *webrtc.DataChannel
	hideSSRC  bool
	connected chan struct{}
	gone      chan struct{} // the connection has ended
}

// shut closes the connection and its socket.
func (c *connection) shut() {
	if c.pc != nil {
		_ = c.pc.GracefulClose()
	}
	if c.mux != nil {
		_ = c.mux.Close()
	}
	if c.line != nil {
		_ = c.line.Close()
	}
}

// Offer returns an offer with all of the client's candidates in it.
func (c *connection) Offer(ctx context.Context) (string, error) { return c.offer(ctx, false) }

// Restart is Offer for one that restarts ICE. Answer takes its answer, and does not wait.
func (c *connection) Restart(ctx context.Context) (string, error) { return c.offer(ctx, true) }

func (c *connection) offer(ctx context.Context, restart bool) (string, error) {
	offer, err := c.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(offer); err != nil {
		return "", err
	}
	select {
	case <-gathered:
		if c.hideSSRC {
			return conceal(c.pc.LocalDescription().SDP), nil
		}
		return c.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// conceal makes all pictures of an offer but the first inactive, and leaves its
// SSRCs out.
func conceal(offer string) string {
	var out []string
	pictures := 0
	for line := range strings.SplitSeq(offer, "\r\n") {
		if strings.HasPrefix(line, "m=video") {
			pictures++
		}
		if strings.HasPrefix(line, "a=ssrc") {
			continue
		}
		if pictures > 1 && line == "a=sendonly" {
			line = "a=inactive"
		}
		out = append(out, line)
	}
	return strings.Join(out, "\r\n")
}

// Peer is the server's end of a connection.
type Peer interface {
	Offer(ctx context.Context, sdp string) (answer string, err error)
}

// Connect exchanges an offer and its answer with the server's end, waits until the connection
// stands, for Patience at most, and returns the answer. It returns the answer with an error of the
// connection too.
func (c *connection) Connect(ctx context.Context, to Peer) (answer string, err error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	offer, err := c.Offer(ctx)
	if err != nil {
		return "", fmt.Errorf("offer: %w", err)
	}
	if answer, err = to.Offer(ctx, offer); err != nil {
		return "", fmt.Errorf("answer: %w", err)
	}
	return answer, c.Answer(ctx, answer)
}

// Answer takes the server's answer and waits until the connection stands.
func (c *connection) Answer(ctx context.Context, sdp string) error {
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}
	if err := c.pc.SetRemoteDescription(answer); err != nil {
		return err
	}
	select {
	case <-c.connected:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("connect: %w, the connection is %v", ctx.Err(), c.pc.ConnectionState())
	}
}

// Unshare ends the picture that was made last (Options.Cameras), by an offer in which it is inactive.
func (c *connection) Unshare(ctx context.Context, to Peer) error {
	var last *webrtc.RTPSender
	for _, t := range c.pc.GetTransceivers() {
		if s := t.Sender(); s != nil && s.Track() != nil && t.Kind() == webrtc.RTPCodecTypeVideo {
			last = s
		}
	}
	if err := c.pc.RemoveTrack(last); err != nil {
		return err
	}
	_, err := c.Connect(ctx, to)
	return err
}

// Gone is closed when either end has ended the connection.
func (c *connection) Gone() <-chan struct{} { return c.gone }

// Send sends a message over the data channel.
func (c *connection) Send(text string) error { return c.control.SendText(text) }

// Vanish cuts the client's line: nothing comes through any more, and no one is
// told.
func (c *connection) Vanish() { c.Impair(network.Both(network.Impairment{Cut: true})) }

// Impair makes the client's line better or worse. Packets that are on their way
// arrive as they would have. The Seed is that of Options.
func (c *connection) Impair(l network.Line) { c.line.Impair(l) }

// Traffic returns what went over the client's line since it was made.
func (c *connection) Traffic() (up, down network.Traffic) { return c.line.Traffic() }

// Selected returns the types and the protocol of the candidates that the
// connection uses, as "relay host udp": its own and the server's.
func (c *connection) Selected() string {
	pair, err := c.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return ""
	}
	return pair.Local.Typ.String() + " " + pair.Remote.Typ.String() + " " + pair.Remote.Protocol.String()
}

// OpenChannel opens one more data channel, and returns what closes when the server has
// closed it. It is for clients that have Message.
func (c *connection) OpenChannel(label string) (closed <-chan struct{}, err error) {
	dc, err := c.pc.CreateDataChannel(label, nil)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	dc.OnClose(sync.OnceFunc(cancel))
	return ctx.Done(), nil
}

// RequestKeyFrame asks the server for an IDR of the mix (PLI, RFC 4585 §6.3.1).
func (c *connection) RequestKeyFrame() {
	for _, r := range c.pc.GetReceivers() {
		if track := r.Track(); track != nil && track.Kind() == webrtc.RTPCodecTypeVideo {
			_ = c.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())}})
		}
	}
}

// ReportOnRepeats sends a report of the arrival of packets from base on, none of which
// came, as browsers do when a repeat was the last to arrive: under its SSRC.
func (c *connection) ReportOnRepeats(base, count uint16) {
	const most = 8191 // that a chunk tells of
	report := &rtcp.TransportLayerCC{BaseSequenceNumber: base, PacketStatusCount: count}
	for ; count > 0; count -= min(count, most) {
		report.PacketChunks = append(report.PacketChunks, &rtcp.RunLengthChunk{RunLength: min(count, most)})
	}
	for _, r := range c.pc.GetReceivers() {
		if track := r.Track(); track != nil && track.HasRTX() {
			report.MediaSSRC = uint32(track.RtxSSRC())
			report.Header = rtcp.Header{
				Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: uint16(report.MarshalSize()/4 - 1),
			}
			_ = c.pc.WriteRTCP([]rtcp.Packet{report})
		}
	}
}
