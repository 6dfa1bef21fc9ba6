package mp4

import (
	"github.com/Eyevinn/mp4ff/avc"
	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/codec/opus"
)

const (
	// aacLC is the AudioSpecificConfig of AAC-LC at 48 kHz, but for the channels (ISO/IEC
	// 14496-3 §1.6.2.1: object type 2, frequency index 3).
	aacLC      = 2<<11 | 3<<7
	aacSamples = 1024 // of a frame
	// opusDelay is by how many samples libopus's encoder is late. They are not played at the beginning.
	opusDelay = 312
	// opusRoll is how many samples a decoder of Opus needs before it is right, where playing begins in
	// the middle ("Encapsulation of Opus in ISO Base Media File Format" §4.3.6.2).
	opusRoll = audioRate * 80 / 1000
	// product is the name of what made the file.
	product = "tilemix"
)

// appendBeginning appends what stands in front of the fragments.
func (w *Writer) appendBeginning(dst []byte) ([]byte, error) {
	begin := len(dst)
	dst, err := appendBox(dst, boxes.NewFtyp("iso6", 0, []string{"iso6", "mp41", "mp42", "avc1"}))
	if err != nil {
		return dst, err
	}
	if w.cfg.Header == nil {
		return appendBox(dst, w.moov())
	}
	moov, err := appendBox(nil, w.moov())
	return w.beginning.appendNew(dst, len(dst)-begin, moov), err
}

// rewrite writes moov anew, with the sample entries that have come.
func (w *Writer) rewrite() error {
	moov, err := appendBox(nil, w.moov())
	if err == nil {
		err = w.beginning.replace(w.cfg.Header, moov, nil, false)
	}
	w.sets.added = false
	return err
}

// moov describes the tracks, which have no samples yet.
func (w *Writer) moov() *boxes.MoovBox {
	init := boxes.NewMP4Init()
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
		w.describeSound(trak)
	}
	if !w.cfg.Created.IsZero() {
		at := uint64(w.cfg.Created.Unix() + boxes.EpochDiffS)
		moov.Mvhd.CreationTime, moov.Mvhd.ModificationTime = at, at
		for _, trak := range moov.Traks {
			trak.Tkhd.CreationTime, trak.Tkhd.ModificationTime = at, at
			trak.Mdia.Mdhd.CreationTime, trak.Mdia.Mdhd.ModificationTime = at, at
		}
	}
	for _, trak := range moov.Traks {
		trak.Mdia.Hdlr.Name = product
	}
	if w.cfg.Title != "" {
		moov.AddChild(titleBox(w.cfg.Title))
	}
	return moov
}

// describeSound says what is in a track of sound, and how much earlier a decoder has to begin.
func (w *Writer) describeSound(trak *boxes.TrakBox) {
	channels := max(1, w.cfg.Channels)
	kind, roll := "mp4a", 1
	config := boxes.Box(boxes.CreateEsdsBox([]byte{aacLC >> 8, aacLC&0xff | byte(channels)<<3}))
	if !w.cfg.AAC {
		kind = "Opus"
		config = &boxes.DopsBox{OutputChannelCount: byte(channels), PreSkip: opusDelay, InputSampleRate: audioRate}
		roll = opusRoll / max(120, opus.Samples([]byte{w.last &^ 3}))
		edit := &boxes.ElstBox{Entries: []boxes.ElstEntry{{MediaTime: opusDelay, MediaRateInteger: 1}}}
		edts := &boxes.EdtsBox{Elst: []*boxes.ElstBox{edit}, Children: []boxes.Box{edit}}
		trak.AddChild(edts)
		last := len(trak.Children) - 1 // it goes in front of mdia
		trak.Children[last-1], trak.Children[last] = trak.Children[last], trak.Children[last-1]
	}
	stbl := trak.Mdia.Minf.Stbl
	stbl.Stsd.AddChild(boxes.CreateAudioSampleEntryBox(kind, uint16(channels), 16, audioRate, config))
	stbl.AddChild(&boxes.SgpdBox{ // of all samples (ISO/IEC 14496-12 §8.9.3, §10.1)
		Version: 2, GroupingType: "roll", DefaultLength: 2, DefaultGroupDescriptionIndex: 1,
		SampleGroupEntries: []boxes.SampleGroupEntry{&boxes.RollSampleGroupEntry{RollDistance: int16(-roll)}},
	})
}

// titleBox has a title as players look for it: udta, meta, ilst, ©nam.
func titleBox(title string) boxes.Box {
	data := append([]byte{0, 0, 0, 1, 0, 0, 0, 0}, title...) // UTF-8
	data = wrap("data", data)
	data = wrap("ilst", wrap("\xa9nam", data))
	handler := append([]byte("\x00\x00\x00\x00\x00\x00\x00\x00mdirappl"), make([]byte, 9)...)
	meta := append([]byte{0, 0, 0, 0}, wrap("hdlr", handler)...)
	meta = wrap("meta", append(meta, data...))
	return boxes.CreateUnknownBox("udta", uint64(emptyBox+len(meta)), meta)
}

func wrap(kind string, content []byte) []byte {
	return append(appendHeader(nil, kind, emptyBox+len(content)), content...)
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
		entry := boxes.CreateVisualSampleEntryBox("avc1", uint16(d.width), uint16(d.height), config)
		entry.CompressorName = product
		trak.Mdia.Minf.Stbl.Stsd.AddChild(entry)
	}
}
