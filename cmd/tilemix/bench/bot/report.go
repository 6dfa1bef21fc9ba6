package bot

import (
	"time"

	"github.com/pion/rtcp"

	"tilemix/mcu/rtptime"
)

// reports sends a bot's sender and receiver reports. The goroutine that sends owns it.
type reports struct {
	crowd    *Crowd
	path     *path
	sender   *sender
	receiver *receiver
}

// send is the task that sends the reports of a second (RFC 3550 §6.4).
func (r *reports) send(int64) int64 {
	var packets []rtcp.Packet
	for _, p := range []struct {
		out *outbound
		in  *inbound
	}{{&r.sender.video, &r.receiver.video}, {&r.sender.audio, &r.receiver.audio}} {
		reception := r.reception(p.in)
		switch {
		case p.out.packets > 0:
			packets = append(packets, &rtcp.SenderReport{
				SSRC: p.out.ssrc, NTPTime: r.ntp(p.out.stamped), RTPTime: p.out.timestamp,
				PacketCount: p.out.packets, OctetCount: p.out.size, Reports: reception,
			})
		case reception != nil:
			packets = append(packets, &rtcp.ReceiverReport{SSRC: p.out.ssrc, Reports: reception})
		}
	}
	if r.receiver.repair.Swap(false) {
		packets = append(packets, &rtcp.PictureLossIndication{
			SenderSSRC: r.sender.video.ssrc, MediaSSRC: r.receiver.video.ssrc.Load(),
		})
	}
	if len(packets) == 0 {
		return int64(time.Second)
	}
	if plain, err := rtcp.Marshal(packets); err == nil {
		if encrypted, err := r.sender.encrypt.EncryptRTCP(nil, plain, nil); err == nil {
			_ = r.path.write(encrypted)
		}
	}
	return int64(time.Second)
}

// reception is the report block of a stream that has begun, nil for another.
func (r *reports) reception(s *inbound) []rtcp.ReceptionReport {
	if s.packets.Load() == 0 {
		return nil
	}
	block := rtcp.ReceptionReport{
		SSRC: s.ssrc.Load(), LastSequenceNumber: s.highest.Load(), TotalLost: uint32(s.lost.Load()) & 0xffffff,
	}
	if at := s.reportedAt.Load(); at != 0 {
		block.LastSenderReport = uint32(s.reported.Load())
		block.Delay = uint32((r.crowd.now() - at) * 65536 / int64(time.Second))
	}
	return []rtcp.ReceptionReport{block}
}

// ntp converts ns since the epoch to the format of RFC 3550 §4.
func (r *reports) ntp(at int64) uint64 {
	return rtptime.NTP(r.crowd.epoch.Add(time.Duration(at)))
}
