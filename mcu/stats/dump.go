package stats

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// report is what viewers of webrtc-internals call a stat: fields that begin with one of the prefixes.
type report struct{ id, kind, prefixes string }

// reports are all of them; a field is of the first that has its prefix.
var reports = []report{
	{"camera", "inbound-rtp", "camera"},
	{"microphone", "inbound-rtp", "microphone"},
	{"mix", "outbound-rtp", "down roundTrip"},
	{"client", "remote-inbound-rtp", "client"},
	{"connection", "transport", "connected relayed server"},
}

// of returns the report of a field.
func of(name string) report {
	for _, r := range reports {
		for prefix := range strings.FieldsSeq(r.prefixes) {
			if strings.HasPrefix(name, prefix) {
				return r
			}
		}
	}
	return reports[len(reports)-1]
}

// graph is a field of a stat, as chrome://webrtc-internals dumps it. Values is JSON in a text.
type graph struct {
	Start  string `json:"startTime"`
	End    string `json:"endTime"`
	Kind   string `json:"statsType"`
	Values string `json:"values"`
}

// Dump returns a series as the file that chrome://webrtc-internals writes, of one connection with a
// name, so that viewers of such files open it. The caller owns the memory.
func Dump(name string, facts Facts, s Series) []byte {
	graphs := map[string]graph{}
	if n := len(s.Samples); n > 0 {
		text := func(at int64) string { return time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z") }
		g := graph{Start: text(s.Samples[0].At), End: text(s.Samples[n-1].At)}
		times := []byte{'['}
		for i := range s.Samples {
			times = fmt.Append(comma(times, i), s.Samples[i].At)
		}
		times = append(times, ']')
		for f := range fields {
			if !s.known(f) {
				continue
			}
			r := of(columns[f].name)
			g.Kind, g.Values = r.kind, string(s.column(nil, f))
			graphs[r.id+"-"+columns[f].name+" ("+columns[f].unit+")"] = g
			g.Values = string(times)
			graphs[r.id+"-timestamp"] = g
		}
	}
	connection := map[string]any{
		"pid": 1, "rid": 1, "url": name, "rtcConfiguration": "{}", "constraints": "{}", "stats": graphs,
		"updateLog": []map[string]string{{"time": "", "type": "facts", "value": facts.line()}},
	}
	data, _ := json.Marshal(map[string]any{ // of texts and numbers, which cannot fail
		"getUserMedia": []any{}, "PeerConnections": map[string]any{"1-1": connection}, "UserAgent": facts.Browser,
	})
	return data
}

// line is the facts as one line.
func (f Facts) line() string {
	return fmt.Sprintf("camera %s, server %s, client %s, browser %s, device %s", f.Codec, f.Local, f.Remote, f.Browser, f.Device)
}
