package bot

import (
	"time"

	"github.com/pion/rtcp"

	"tilemix/mcu/rtptime"
)

// sendReport sends the reports of a second (RFC 3550 §6.4).
func (b *Bot) sendReport(int64) int64 {
	var packets []rtcp.Packet
	for _, p := range []struct {
		out *outbound
		in  *inbound
	}{{&b.video, &b.videoIn}, {&b.audio, &b.audioIn}} {
		reception := b.reception(p.in)
		switch {
		case p.out.packets > 0:
			packets = append(packets, &rtcp.SenderReport{
				SSRC: p.out.ssrc, NTPTime: b.ntp(p.out.stamped), RTPTime: p.out.timestamp,
				PacketCount: p.out.packets, OctetCount: p.out.size, Reports: reception,
			})
		case reception != nil:
			packets = append(packets, &rtcp.ReceiverReport{SSRC: p.out.ssrc, Reports: reception})
		}
	}
	if b.repair.Swap(false) {
		packets = append(packets, &rtcp.PictureLossIndication{SenderSSRC: b.video.ssrc, MediaSSRC: b.videoIn.ssrc.Load()})
	}
	if len(packets) == 0 {
		return int64(time.Second)
	}
	if plain, err := rtcp.Marshal(packets); err == nil {
		if encrypted, err := b.encrypt.EncryptRTCP(nil, plain, nil); err == nil {
			_ = b.crowd.wire.write(encrypted, b.oob, b.server)
		}
	}
	return int64(time.Second)
}

// reception is the report block of a stream that has begun.
func (b *Bot) reception(s *inbound) []rtcp.ReceptionReport {
	if s.packets.Load() == 0 {
		return nil
	}
	r := rtcp.ReceptionReport{
		SSRC: s.ssrc.Load(), LastSequenceNumber: s.highest.Load(), TotalLost: uint32(s.lost.Load()) & 0xffffff,
	}
	if at := s.reportedAt.Load(); at != 0 {
		r.LastSenderReport = uint32(s.reported.Load())
		r.Delay = uint32((b.crowd.now() - at) * 65536 / int64(time.Second))
	}
	return []rtcp.ReceptionReport{r}
}

// ntp is a time, in ns since the epoch, as RFC 3550 §4 counts.
func (b *Bot) ntp(at int64) uint64 {
	return rtptime.NTP(b.crowd.epoch.Add(time.Duration(at)))
}
