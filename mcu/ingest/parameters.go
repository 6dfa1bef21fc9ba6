package ingest

import (
	"bytes"

	"tilemix/codec/h264"
)

const (
	// maxSets and maxSet bound the parameter sets that are kept, and the bytes of each.
	maxSets, maxSet = 16, 1024

	nalSPS, nalPPS = 7, 8
)

// parameters keeps a stream's H.264 parameter sets. Some senders send them once, when nobody may
// be looking, or only in their offer (RFC 6184 §8.1). The zero value knows none.
type parameters struct {
	sets [][]byte // NAL units, no two of one type and id
	unit []byte   // what complete returned last
	lack bool     // an IDR came without any
}

// keyUnit is a joiner that knows what lies in its unit.
type keyUnit interface {
	Key() bool
	Sets() bool
}

// complete returns an access unit with all that is known in front of it, where it begins a stream
// and does not say it itself. What is returned is valid until the next call.
func (p *parameters) complete(au []byte, join any) []byte {
	unit, ok := join.(keyUnit)
	if !ok || !unit.Key() && !unit.Sets() {
		return au
	}
	sps, pps := false, false
	if unit.Sets() {
		for nal := range h264.NALs(au) {
			sps = sps || nal[0]&0x1f == nalSPS
			pps = pps || nal[0]&0x1f == nalPPS
			p.keep(nal)
		}
	}
	if !unit.Key() || sps && pps {
		p.lack = p.lack && !unit.Key()
		return au
	}
	p.lack = len(p.sets) == 0
	if p.lack {
		return au
	}
	p.unit = p.unit[:0]
	for _, nal := range p.sets {
		if kind := nal[0] & 0x1f; kind == nalSPS && !sps || kind == nalPPS && !pps {
			p.unit = append(append(p.unit, 0, 0, 0, 1), nal...)
		}
	}
	p.unit = append(p.unit, au...)
	return p.unit
}

// keep keeps a NAL unit, if it is a parameter set, instead of the one that had its id.
func (p *parameters) keep(nal []byte) {
	kind, id, ok := setID(nal)
	if !ok || len(nal) > maxSet {
		return
	}
	for i, old := range p.sets {
		if k, n, _ := setID(old); k == kind && n == id {
			if !bytes.Equal(old, nal) {
				p.sets[i] = append(old[:0], nal...)
			}
			return
		}
	}
	if len(p.sets) == maxSets {
		return
	}
	p.sets = append(p.sets, bytes.Clone(nal))
	for i := len(p.sets) - 1; i > 0 && kind == nalSPS && p.sets[i-1][0]&0x1f == nalPPS; i-- {
		p.sets[i], p.sets[i-1] = p.sets[i-1], p.sets[i] // sequence before picture
	}
}

// setID returns the type and the id of a parameter set (H.264 §7.3.2.1.1, §7.3.2.2).
func setID(nal []byte) (kind byte, id uint, ok bool) {
	if len(nal) < 2 {
		return 0, 0, false
	}
	switch kind = nal[0] & 0x1f; {
	case kind == nalSPS && len(nal) > 4:
		return kind, golomb(nal[4:]), true
	case kind == nalPPS:
		return kind, golomb(nal[1:]), true
	}
	return 0, 0, false
}

// golomb reads the first number of b (H.264 §9.1). Ids are at most 255.
func golomb(b []byte) uint {
	bit := func(i int) uint {
		if i/8 >= len(b) {
			return 0
		}
		return uint(b[i/8]>>(7-i%8)) & 1
	}
	zeros := 0
	for zeros < 16 && bit(zeros) == 0 {
		zeros++
	}
	n := uint(0)
	for i := zeros; i <= 2*zeros; i++ {
		n = n<<1 | bit(i)
	}
	return n - 1
}
