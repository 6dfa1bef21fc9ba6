package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"tilemix/cmd/tilemix/internal/structure"
)

// The bars of the code's structure. Tests are not held to them.
const (
	maxFileLines = 300
	maxFuncLines = 60
	maxTypeFiles = 2  // in which the methods of a type stand
	maxFiles     = 15 // of a package of mcu
	maxExports   = 15 // of a package
)

// order is mcu from the lowest packages to the highest. A package imports those of its own
// rank and of lower ones.
var order = [][]string{
	{"rtptime", "elapsed", "control", "chat", "overlay", "event", "jitter", "bandwidth", "ladder", "uplink", "views", "views/pool", "presence", "health", "silence", "headroom", "keyframe", "stats", "quality", "folder", "fonts", "stream", "demux", "ffmpeg", "aac", "sandbox", "fit", "worker", "metrics", "backoff", "pace", "policy", "rules", "admission", "journal", "seats", "handshake"},
	{"packet"},
	{"rtc/reports", "rtc/udp", "rtc/send", "rtc/receive", "turn", "intake"},
	{"rtc/offer", "rtc/route"},
	{"rtc", "rtc/client", "ingest", "capture", "media"},
	{"rtc/whip"},
	{"scene", "rendition"},
	{"viewer", "relay"},
	{"picture", "sound"},
	{"session"},
	{"room"},
	{""}, // mcu itself, the facade
	{"record", "record/sidecar", "record/retention", "record/copies", "gateway/address", "gateway/via", "gateway/rtsp", "broadcast", "still"},
	{"gateway"},
	{"rtc/rtctest", "rtc/rtctest/barcode", "rtc/rtctest/network", "rtc/rtctest/quality", "rtc/rtctest/signal", "mcutest", "mcutest/clocks", "mcutest/poll", "mcutest/story"}, // for tests
}

// manyExports are packages that need more names than others, because each is a table.
var manyExports = []string{"mcu/control", "mcu/event", "mcu/quality", "mcu/stats"}

// shared are names of types that mean the same in each package of mcu that has one.
var shared = []string{"Clock", "Config", "Env", "Events", "Info", "Kind", "Metrics", "Options", "Reason", "State", "Stats"}

// twice are names of types that mean different things in two packages of mcu, and why they stay.
var twice = map[string]string{
	"Listener": "stream: as in net; scene: a participant that hears the mix",
	"Session":  "rtc/whip: RFC 9725's term; session: a participant's stay in a room",
	"Track":    "rtc: one that comes; record/sidecar: one that was recorded",
}

// values are packages whose types have the names of what they describe: messages, and
// clients for tests.
var values = []string{"mcu/control", "mcu/event", "mcu/rtc/rtctest", "mcu/rtc/rtctest/network"}

// notProduct serves tests and measurements. What it has of tests counts neither way.
var notProduct = []string{"codec/codectest", "mcu/rtc/rtctest", "mcu/mcutest", "cmd/tilemix/bench", "cmd/tilemix/internal", "cmd/tilemix/browsertest"}

// TestStructure holds the code to its bars, but for what testdata/structure.known knows. With
// -v it prints all faults, known ones too.
func TestStructure(t *testing.T) {
	tree := readTree(t)
	known := newRatchet(t, "structure.known")
	for _, fault := range structureFaults(t, tree, known) {
		t.Errorf("%s (moved? then rename its entry in cmd/tilemix/testdata/structure.known)", fault)
	}
	t.Logf("known faults: %d\n%s", len(known.seen), listed(known.seen))
	tests, code := tree.Ratio(func(dir string) bool {
		return slices.ContainsFunc(notProduct, func(folder string) bool { return within(dir, folder) })
	})
	t.Logf("test ÷ code of the product: %d / %d = %.2f", tests, code, float64(tests)/float64(code))
	if tests < code {
		t.Errorf("%d lines of tests for %d lines of the product: a line is to have one of a test", tests, code)
	}
}

func readTree(t *testing.T) *structure.Tree {
	t.Helper()
	tree, err := structure.Read(os.DirFS(root), "codec", "mixer", "mcu", "signaling", "web", "cmd")
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// structureFaults measures a tree and returns the faults that are not known.
func structureFaults(t *testing.T, tree *structure.Tree, known *ratchet) (faults []string) {
	t.Helper()
	for _, rule := range []struct {
		name, what string
		found      []structure.Finding
	}{
		{"climb", "imports what is above it, or has no place in the order of structure_test.go", tree.Climbs("tilemix", "mcu", rank)},
		{"spread", "has methods in %d files", tree.Spread(maxTypeFiles)},
		{"file", "has %d lines", tree.LongFiles(maxFileLines)},
		{"func", "has %d lines", tree.LongFuncs(maxFuncLines)},
		{"files", "has %d files", tree.Files("mcu", maxFiles)},
		{"exports", "exports %d names", without(tree.Exports(maxExports), manyExports)},
		{"bare", "has no doc comment", tree.Undocumented()},
		{"same", "is an exported type in %d packages of mcu", without(without(tree.SameTypes("mcu", values...), shared), slices.Collect(maps.Keys(twice)))},
	} {
		for _, f := range rule.found {
			if !known.see(rule.name, f.Key, f.N) {
				what := rule.what
				if strings.Contains(what, "%d") {
					what = fmt.Sprintf(what, f.N)
				}
				faults = append(faults, rule.name+": "+f.Key+" "+what)
			}
		}
	}
	return faults
}

// rank is the height of a package of mcu.
func rank(dir string) (height int, ok bool) {
	name := strings.TrimPrefix(strings.TrimPrefix(dir, "mcu"), "/")
	height = slices.IndexFunc(order, func(row []string) bool { return slices.Contains(row, name) })
	return height, height >= 0
}

func without(found []structure.Finding, keys []string) []structure.Finding {
	return slices.DeleteFunc(found, func(f structure.Finding) bool { return slices.Contains(keys, f.Key) })
}

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

func listed(faults map[string]int) string {
	var text strings.Builder
	for _, key := range sortedKeys(faults) {
		fmt.Fprintf(&text, "%s %d\n", key, faults[key])
	}
	return text.String()
}
