package rtctest

import (
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// RequestKeyFrame asks the server for an IDR of the mix (PLI, RFC 4585 §6.3.1).
func (c *Client) RequestKeyFrame() {
	for _, r := range c.pc.GetReceivers() {
		if track := r.Track(); track != nil && track.Kind() == webrtc.RTPCodecTypeVideo {
			_ = c.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())}})
		}
	}
}

// ReportOnRepeats sends a report of the arrival of packets from base on, none of which
// came, as browsers do when a repeat was the last to arrive: under its SSRC.
func (c *Client) ReportOnRepeats(base, count uint16) {
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
