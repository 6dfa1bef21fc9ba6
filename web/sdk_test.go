package web_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tilemix/codec/codectest"
)

// TestPackage packs the SDK as npm would publish it: without dependencies, with its types and all that
// its modules import.
func TestPackage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("sdk", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var about map[string]any
	if err := json.Unmarshal(text, &about); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dependencies", "peerDependencies", "optionalDependencies", "scripts"} {
		if about[name] != nil {
			t.Errorf("package.json has %s", name)
		}
	}
	source, err := os.ReadFile(filepath.Join("sdk", "index.js"))
	if err != nil || !strings.Contains(string(source), "version = '"+about["version"].(string)+"'") {
		t.Errorf("index.js has another version than package.json, %v: %v", about["version"], err)
	}
	npm := codectest.Program(t, "npm")
	command := exec.Command(npm, "pack", "--dry-run", "--json", "--offline")
	command.Dir = "sdk"
	command.Env = append(os.Environ(), "npm_config_cache="+t.TempDir(), "npm_config_update_notifier=false")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("npm pack: %v: %s", err, out)
	}
	var packs []struct{ Files []struct{ Path string } }
	if err := json.Unmarshal(out, &packs); err != nil || len(packs) != 1 {
		t.Fatalf("npm pack says %s: %v", out, err)
	}
	var has []string
	for _, f := range packs[0].Files {
		has = append(has, f.Path)
	}
	needs := []string{"package.json", "README.md", "LICENSE", "index.js", "index.d.ts", "elements.js"}
	for _, name := range has {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		b, err := os.ReadFile(filepath.Join("sdk", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`from '\./([^']+)'`).FindAllStringSubmatch(string(b), -1) {
			needs = append(needs, m[1])
		}
	}
	for _, name := range needs {
		if !slices.Contains(has, name) {
			t.Errorf("the package lacks %s: it has %q", name, has)
		}
	}
}

// TestTypes names each event and method of a call in its types, as its modules have them.
func TestTypes(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join("sdk", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	types, guide := read("index.d.ts"), ""
	if b, err := os.ReadFile(filepath.Join("docs", "sdk.md")); err != nil {
		t.Fatal(err)
	} else {
		guide = string(b)
	}
	own := []string{"constructor", "start", "transmit", "act", "answered", "if", "for", "switch"}
	found := 0
	for _, name := range []string{"call.js", "actions.js"} {
		for _, m := range regexp.MustCompile(`(?m)^  (?:async |get )?(\w+)\(.*\) \{`).FindAllStringSubmatch(read(name), -1) {
			if slices.Contains(own, m[1]) {
				continue
			}
			found++
			if !regexp.MustCompile(`(?m)^  (readonly )?` + m[1] + `[(:]`).MatchString(types) {
				t.Errorf("index.d.ts lacks %s of %s", m[1], name)
			}
			if !strings.Contains(guide, "`"+m[1]+"`") && !slices.Contains([]string{"problem", "ended"}, m[1]) {
				t.Errorf("the guide lacks %s", m[1])
			}
		}
		for _, m := range regexp.MustCompile(`emit\('(\w+)'`).FindAllStringSubmatch(read(name), -1) {
			if !regexp.MustCompile(`(?m)^  `+m[1]+`: `).MatchString(types) || !strings.Contains(guide, "`"+m[1]+"`") {
				t.Errorf("index.d.ts or the guide lacks the event %s", m[1])
			}
		}
	}
	if found < 35 {
		t.Errorf("only %d members found: the pattern sees too little", found)
	}
	for _, m := range regexp.MustCompile(`new TilemixError\('(\w+)'`).FindAllStringSubmatch(read("call.js")+read("index.js")+read("actions.js")+read("address.js"), -1) {
		if !strings.Contains(types, "'"+m[1]+"'") || m[1] != "device" && !strings.Contains(guide, "`"+m[1]+"`") {
			t.Errorf("index.d.ts or the guide lacks the code %s", m[1])
		}
	}
}
