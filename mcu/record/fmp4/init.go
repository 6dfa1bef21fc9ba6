package fmp4

import (
	"bytes"
	"fmt"

	"github.com/Eyevinn/mp4ff/mp4"
)

const (
	// aacLC is the AudioSpecificConfig of AAC-LC at 48 kHz, but for the channels (ISO/IEC
	// 14496-3 §1.6.2.1: object type 2, frequency index 3).
	aacLC      = 2<<11 | 3<<7
	aacSamples = 1024 // of a frame
)

// appendInit appends ftyp and moov.
func (w *Writer) appendInit(dst []byte) ([]byte, error) {
	init := mp4.NewMP4Init()
	init.AddChild(mp4.NewFtyp("iso6", 0, []string{"iso6", "mp41", "mp42", "avc1"}))
	moov := mp4.NewMoovBox()
	init.AddChild(moov)
	moov.AddChild(mp4.CreateMvhd())
	moov.AddChild(mp4.NewMvexBox())
	if w.cfg.Video {
		trak := init.AddEmptyTrack(videoRate, "video", "und")
		w.video.id = trak.Tkhd.TrackID
		err := trak.SetAVCDescriptor("avc1", [][]byte{w.sets.seq}, [][]byte{w.sets.pic}, true)
		if err != nil {
			return nil, fmt.Errorf("describe H.264: %w", err)
		}
	}
	if w.cfg.Audio {
		trak := init.AddEmptyTrack(audioRate, "audio", "und")
		w.audio.id = trak.Tkhd.TrackID
		channels := max(1, w.cfg.Channels)
		// Nothing is skipped: the stream was running when the file began.
		kind, config := "Opus", mp4.Box(&mp4.DopsBox{OutputChannelCount: byte(channels), InputSampleRate: audioRate})
		if w.cfg.AAC {
			kind, config = "mp4a", mp4.CreateEsdsBox([]byte{aacLC >> 8, aacLC&0xff | byte(channels)<<3})
		}
		trak.Mdia.Minf.Stbl.Stsd.AddChild(mp4.CreateAudioSampleEntryBox(kind, uint16(channels), 16, audioRate, config))
	}
	var buf bytes.Buffer
	if err := init.Encode(&buf); err != nil {
		return nil, fmt.Errorf("describe MP4 file: %w", err)
	}
	return append(dst, buf.Bytes()...), nil
}
