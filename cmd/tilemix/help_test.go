package main

import (
	"strings"
	"testing"
)

// TestTopics: each flag of serve is in one topic, and a topic names flags that are there.
func TestTopics(t *testing.T) {
	parser, err := newParser(new(commands))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]int{}
	for _, topic := range topics {
		for name := range strings.FieldsSeq(topic.flags) {
			named[name]++
		}
	}
	for _, flag := range serveFlags(parser) {
		if named[flag.Name] != 1 || flag.Group == nil {
			t.Errorf("--%s is in %d topics of help.go", flag.Name, named[flag.Name])
		}
		delete(named, flag.Name)
	}
	for name := range named {
		t.Errorf("help.go has a topic for --%s, which is none", name)
	}
}

// TestExamples: what the help shows as an example is taken.
func TestExamples(t *testing.T) {
	tried := 0
	for line := range strings.Lines(examples()) {
		args, ok := strings.CutPrefix(strings.TrimSpace(line), "tilemix serve")
		if !ok || strings.Contains(args, "--config") { // its file is not there
			continue
		}
		tried++
		s, _, err := parseSettings(append([]string{"serve"}, strings.Fields(args)...))
		if err == nil {
			err = verify(s)
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if tried != 3 {
		t.Errorf("%d examples were tried", tried)
	}
}
