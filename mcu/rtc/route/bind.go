package route

import (
	"cmp"
	"slices"
	"time"
)

// bind finds the section of a lane by its newest packet (RFC 9143 §9.2). It tries, in this
// order, the SSRC if it was declared, the mid that a packet of the lane named last, and, where none
// was named, a payload type that only one section has. It returns false with the lane's reason if
// there is none.
func (r *Router) bind(l *lane, now time.Time) bool {
	if _, known := r.lanes[l.ssrc]; !known && len(r.lanes) >= maxLanes {
		l.why = Surplus
		return false
	}
	r.lanes[l.ssrc] = l
	r.learn(l)
	section, repairs := r.table.declared(l.ssrc)
	if section == nil && l.named != "" {
		section = r.table.section(l.named)
	}
	if section == nil && l.named == "" {
		section = r.table.only(l.header.PayloadType)
	}
	if section == nil {
		l.why = r.strange(l.header.PayloadType)
		return false
	}
	format, ok := section.Formats[l.header.PayloadType]
	if !ok {
		l.why = NoFormat
		return false
	}
	_, rid, repaired := l.name(section)
	l.rid = cmp.Or(rid, repaired, l.rid)
	if format.Repair && repairs == 0 && l.rid == "" && len(section.RIDs) > 0 {
		l.why = NoOriginal // until a packet names it
		return false
	}
	if format.Repair || repairs != 0 {
		l.section, l.repair, l.repairs = section, true, repairs
		return true
	}
	if len(section.RIDs) > 0 {
		return r.bindLayer(l, section)
	}
	return r.begin(l, section, now)
}

// learn notes the section that the lane's packet names. A sender names it until it knows that its
// packets are received, and not again after another answer.
func (r *Router) learn(l *lane) {
	for _, s := range r.table.Sections {
		if mid, _, _ := l.name(s); mid != "" && mid != l.named {
			l.named, l.rid = mid, ""
		}
	}
}

// strange tells why a payload type is of no section.
func (r *Router) strange(pt uint8) Reason {
	for _, s := range r.table.Sections {
		if _, ok := s.Formats[pt]; ok {
			return NoSection // of several
		}
	}
	return NoFormat
}

// begin has a lane be its section's stream, if there is none that goes on: a sender that does
// not say its SSRCs may begin anew with another.
func (r *Router) begin(l *lane, section *Section, now time.Time) bool {
	if before := r.active[section.Mid]; before != nil {
		if !before.silent(now, takeover) {
			l.why = Surplus
			return false
		}
		r.end(before)
	}
	l.section = section
	r.start(l)
	return true
}

// bindLayer binds a lane to the layer that its packet names, or that it had named.
func (r *Router) bindLayer(l *lane, section *Section) bool {
	if !slices.Contains(section.RIDs, l.rid) {
		l.why = NoLayer
		return false
	}
	l.section = section
	all := r.layers[section.Mid]
	if all == nil {
		all = &layers{}
		r.layers[section.Mid] = all
	}
	all.add(l)
	return true
}

// start begins a stream of a lane.
func (r *Router) start(l *lane) {
	l.stream = newStream(l.section, l.ssrc, l.rid)
	if report := r.waiting[l.ssrc]; report != nil {
		l.stream.report.Store(report)
	}
	r.active[l.section.Mid] = l.stream
	if len(l.section.RIDs) == 0 {
		l.fast.Store(l.stream)
	}
	r.events.Begin(l.stream)
}
