package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// writeTable prints results as people read them.
func writeTable(out io.Writer, results []*Result) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "scenario\tfps min\tmedian\tCPU ms/s\teach\tfloor\tratio\t/codecs\tpicture p50\tp95\tspeaker p50\tp95\tsound p50\tp95\tjoin p50\tp95\tIDR/s\tenc/s\tMB\tbots ms/s\tothers\tidle\t")
	for _, r := range results {
		if len(r.Troubles) > 0 { // numbers would be taken for some
			fmt.Fprintf(t, "%s%s\n", r.Scenario, strings.Repeat("\t?", 21)+"\t")
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%.0f\t%.2f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.2f\t%.1f\t%d\t%.0f\t%.0f\t%.0f%%\t\n",
			r.Scenario, maybe(r.FPSMin, 1), maybe(r.FPSMedian, 1), r.CPU, r.PerParticipant, maybe(r.Floor.Total, 0), maybe(r.Ratio, 2), maybe(r.CodecRatio, 2),
			maybe(r.Picture.P50, 1), maybe(r.Picture.P95, 1), maybe(r.Speaker.P50, 1), maybe(r.Speaker.P95, 1),
			maybe(r.Sound.P50, 1), maybe(r.Sound.P95, 1), maybe(r.Join.P50, 0), maybe(r.Join.P95, 0),
			r.IDRs, r.Encodes, r.RSS>>20, r.BotsCPU, r.OthersCPU, r.MachineIdle*100)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range results {
		fmt.Fprintf(out, "\n%s\n", r.Scenario)
		writeDetails(out, r)
	}
	return nil
}

func writeDetails(out io.Writer, r *Result) {
	if len(r.Troubles) > 0 {
		for _, s := range r.Troubles {
			fmt.Fprintf(out, "  NOT TO BE TRUSTED: %s\n", s)
		}
		return
	}
	for _, b := range r.Bars {
		sign, verdict := "<=", "NOT reached"
		if b.Least {
			sign = ">="
		}
		if b.Reached {
			verdict = "reached"
		}
		fmt.Fprintf(out, "  %s: %s %s, bar %s %s: %s\n", b.What, number(b.Value), b.Unit, sign, number(b.Limit), verdict)
	}
	r.Quality.write(out)
	r.Relays.write(out)
	if r.Floor.Total > 0 {
		fmt.Fprintf(out, "  floor: decode and scale %.0f, encode %.0f, Opus %.0f, plain pion %.0f ms/s\n",
			r.Floor.Decode, r.Floor.Encode, r.Floor.Opus, r.Floor.Transport)
	}
	if r.CodecRatio > 0 {
		fmt.Fprintf(out, "  CPU / codecs alone in a tight loop: %.0f of %.0f ms/s, %.2f\n", r.CPU, r.Floor.codecs(), r.CodecRatio)
	}
	if r.PerViewer > 0 {
		fmt.Fprintf(out, "  a viewer costs %.2f ms/s; sending a picture or sound to all takes %.1f ms at p95\n",
			r.PerViewer, r.Stages["send"].P95)
	}
	if len(r.Stages) > 0 {
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(r.Stages)) {
			parts = append(parts, fmt.Sprintf("%s %.1f/%.1f", name, r.Stages[name].P50, r.Stages[name].P95))
		}
		fmt.Fprintf(out, "  stages, p50/p95 ms: %s\n", strings.Join(parts, ", "))
	}
	if r.Join.Count > 0 {
		fmt.Fprintf(out, "  joining, p50/p95 ms: connected %.0f/%.0f, first picture or sound %.0f/%.0f\n", r.Connect.P50, r.Connect.P95, r.Join.P50, r.Join.P95)
	}
	if len(r.Sizes) > 0 {
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(r.Sizes)) {
			parts = append(parts, fmt.Sprintf("%d %s", r.Sizes[name], name))
		}
		fmt.Fprintf(out, "  cameras: %s; %d uplink messages\n", strings.Join(parts, ", "), r.Uplinks)
	}
	writeContrast(out, r)
	writeCPU(out, r)
	if m := r.Memory; m != nil {
		var after []string
		for _, bytes := range m.Rounds {
			after = append(after, fmt.Sprint(bytes>>20))
		}
		fmt.Fprintf(out, "  memory: %d MiB at the start, after each round %s, %v after the last %d\n", m.Fresh>>20, strings.Join(after, " "), afterLast, m.After>>20)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(out, "  note: %s\n", n)
	}
}

// writeContrast prints what the call was without and with what it was measured for.
func writeContrast(out io.Writer, r *Result) {
	for n, p := range r.Pairs {
		fmt.Fprintf(out, "  pair %d, without and with: %s\n", n+1, p)
	}
	if a := r.Alone; a != nil {
		fmt.Fprintf(out, "  three views alone: composition %.0f, encode %.0f ms/s\n", a.Compose, a.Encode)
	}
	if c := r.Changes; c != nil {
		fmt.Fprintf(out, "  change of view to first picture, p50/p95 ms: %.0f/%.0f where others had the view, %.0f/%.0f where nobody had it, %d in all\n",
			c.Known.P50, c.Known.P95, c.New.P50, c.New.P95, c.All.Count)
	}
}

// writeCPU prints which processes the CPU is of.
func writeCPU(out io.Writer, r *Result) {
	if r.Workers > 0 {
		fmt.Fprintf(out, "  of the CPU, codec workers: %.0f ms/s\n", r.Workers)
	}
	if r.Children > 0 {
		fmt.Fprintf(out, "  the server's FFmpegs: %.0f ms/s\n", r.Children)
	}
	if r.Load > 0 {
		fmt.Fprintf(out, "  beside it: other programs %.0f ms/s, load %.2f\n", r.OthersCPU, r.Load)
	}
}

// maybe prints a number, or a dash for none.
func maybe(v float64, digits int) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, v)
}

func number(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}
