package mp4

import (
	"encoding/binary"
	"fmt"

	"github.com/Eyevinn/mp4ff/avc"
	boxes "github.com/Eyevinn/mp4ff/mp4"
)

const (
	// aacLC is the AudioSpecificConfig of AAC-LC at 48 kHz, but for the channels (ISO/IEC
	// 14496-3 §1.6.2.1: object type 2, frequency index 3).
	aacLC      = 2<<11 | 3<<7
	aacSamples = 1024 // of a frame
	// spare is how many bytes the beginning of a file has for further sample entries, where it can be
	// written anew: about twenty.
	spare = 4096
	// emptyBox is the size of a box without content.
	emptyBox = 8
)

// appendBeginning appends ftyp and moov, and a free box up to where the fragments begin.
func (w *Writer) appendBeginning(dst []byte) ([]byte, error) {
	begin := len(dst)
	dst, err := w.appendInit(dst)
	if err != nil || w.cfg.Header == nil {
		return dst, err
	}
	n := len(dst) - begin
	if w.beginning == 0 {
		w.beginning = n + emptyBox + spare
	}
	free := w.beginning - n
	dst = binary.BigEndian.AppendUint32(dst, uint32(free))
	dst = append(dst, "free"...)
	return append(dst, make([]byte, free-emptyBox)...), nil
}

// rewrite writes the beginning anew, in place, with the sample entries that have come.
func (w *Writer) rewrite() error {
	buf, err := w.appendBeginning(nil)
	if err == nil {
		_, err = w.cfg.Header.WriteAt(buf, 0)
	}
	if err != nil {
		return fmt.Errorf("write beginning of MP4 file: %w", err)
	}
	w.sets.added = false
	return nil
}

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
// parse the sets itself, and allocates whatever a stranger's ask for. The track is as large as the
// largest of its pictures.
func (p *parameterSets) describe(trak *boxes.TrakBox) {
	most := p.largest()
	trak.Tkhd.Width, trak.Tkhd.Height = boxes.Fixed32(most.width<<16), boxes.Fixed32(most.height<<16)
	for _, d := range p.entries {
		config := &boxes.AvcCBox{DecConfRec: avc.DecConfRec{
			AVCProfileIndication: d.seq[1], ProfileCompatibility: d.seq[2], AVCLevelIndication: d.seq[3],
			SPSnalus: [][]byte{d.seq}, PPSnalus: [][]byte{d.pic}, ChromaFormat: 1,
		}}
		trak.Mdia.Minf.Stbl.Stsd.AddChild(boxes.CreateVisualSampleEntryBox("avc1", uint16(d.width), uint16(d.height), config))
	}
}
