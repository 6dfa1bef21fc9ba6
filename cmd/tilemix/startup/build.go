// Package startup says what the program is and where it serves, as it starts.
package startup

import (
	"cmp"
	"runtime/debug"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// commitDigits is how many digits of a commit are shown.
const commitDigits = 12

// Build says of which code the program was made.
type Build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"` // "": unknown
	Time    string `json:"commitTime,omitempty"`
	Changed bool   `json:"changed,omitempty"` // files differed from the commit
	Go      string `json:"go"`
}

// This is the build of the program that runs. Without build information its version is "(unknown)".
func This() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{Version: "(unknown)", Go: "go"}
	}
	b := Build{Version: cmp.Or(info.Main.Version, "(devel)"), Go: info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value[:min(len(s.Value), commitDigits)]
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Changed = s.Value == "true"
		}
	}
	return b
}

// String is one line without the program's name.
func (b Build) String() string {
	parts := []string{b.Version}
	if b.Commit != "" {
		commit := "commit " + b.Commit
		if b.Changed {
			commit += " with changes"
		}
		parts = append(parts, commit, b.Time)
	}
	return strings.Join(strings.Fields(strings.Join(append(parts, b.Go), " ")), " ")
}

// Collector is a metric whose labels name the build.
func (b Build) Collector() prometheus.Collector {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "tilemix_build_info", Help: "1; the labels name the build.",
	}, []string{"version", "commit", "goversion"})
	g.WithLabelValues(b.Version, b.Commit, b.Go).Set(1)
	return g
}
