package mp4

import (
	"github.com/Eyevinn/mp4ff/avc"
	boxes "github.com/Eyevinn/mp4ff/mp4"
)

const (
	// aacLC is the AudioSpecificConfig of AAC-LC at 48 kHz, but for the channels (ISO/IEC
	// 14496-3 §1.6.2.1: object type 2, frequency index 3).
	aacLC      = 2<<11 | 3<<7
	aacSamples = 1024 // of a frame
)

// appendInit appends ftyp and moov.
func (w *Writer) appendInit(dst []byte) ([]byte, error) {
	init := boxes.NewMP4Init()
	init.AddChild(boxes.NewFtyp("iso6", 0, []string{"iso6", "mp41", "mp42", "avc1"}))
	moov := boxes.NewMoovBox()
	init.AddChild(moov)
	moov.AddChild(boxes.CreateMvhd())
	moov.AddChild(boxes.NewMvexBox())
	if w.cfg.Video {
		trak := init.AddEmptyTrack(videoRate, "video", "und")
		w.video.id = trak.Tkhd.TrackID
		w.sets.describe(trak)
	}
	if w.cfg.Audio {
		trak := init.AddEmptyTrack(audioRate, "audio", "und")
		w.audio.id = trak.Tkhd.TrackID
		channels := max(1, w.cfg.Channels)
		// Nothing is skipped: the stream was running when the file began.
		kind, config := "Opus", boxes.Box(&boxes.DopsBox{OutputChannelCount: byte(channels), InputSampleRate: audioRate})
		if w.cfg.AAC {
			kind, config = "mp4a", boxes.CreateEsdsBox([]byte{aacLC >> 8, aacLC&0xff | byte(channels)<<3})
		}
		trak.Mdia.Minf.Stbl.Stsd.AddChild(boxes.CreateAudioSampleEntryBox(kind, uint16(channels), 16, audioRate, config))
	}
	return appendBox(dst, init)
}

// describe says what is in a track of H.264 (ISO/IEC 14496-15 §5.3.3). The library would
// parse the sets itself, and allocates whatever a stranger's ask for.
func (p *parameterSets) describe(trak *boxes.TrakBox) {
	trak.Tkhd.Width, trak.Tkhd.Height = boxes.Fixed32(p.width<<16), boxes.Fixed32(p.height<<16)
	config := &boxes.AvcCBox{DecConfRec: avc.DecConfRec{
		AVCProfileIndication: p.seq[1], ProfileCompatibility: p.seq[2], AVCLevelIndication: p.seq[3],
		SPSnalus: [][]byte{p.seq}, PPSnalus: [][]byte{p.pic}, ChromaFormat: 1,
	}}
	entry := boxes.CreateVisualSampleEntryBox("avc1", uint16(p.width), uint16(p.height), config)
	trak.Mdia.Minf.Stbl.Stsd.AddChild(entry)
}
