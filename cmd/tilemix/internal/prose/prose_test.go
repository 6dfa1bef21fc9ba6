package prose

import "testing"

func TestMarkdown(t *testing.T) {
	for text, want := range map[string]int{
		"A participant keeps the tile.\n":            0,
		"He keeps his tile.\n":                       2,
		"Who leaves is gone. Whose is free.\n":       2,
		"The room ends. Whoever comes starts one.\n": 1,
		"The participant who spoke last has one.\n":  0,
		"Use `his` or HE-AAC, there, this, hero.\n":  0,
		"You are invited. Who are you?\n":            0,
		"    curl his\n":                             0,
		"```\nhis\n```\nhis\n":                       1,
	} {
		if got := Markdown(text); len(got) != want {
			t.Errorf("%q has the faults %v, want %d", text, got, want)
		}
	}
}

func TestGo(t *testing.T) {
	source := `// Package a is his.
package a

// Who waits here.
//
// One block comment.
var x = "who only watches can change nothing"

var y = "his" + "is his" /* her */
`
	faults, err := Go("a.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	lines := map[int]int{}
	for _, f := range faults {
		lines[f.Line]++
	}
	if len(faults) != 5 || lines[1] != 1 || lines[4] != 1 || lines[7] != 1 || lines[9] != 2 {
		t.Errorf("faults %v", faults)
	}
	if _, err := Go("a.go", []byte("no Go")); err == nil {
		t.Error("what is no Go is no error")
	}
}

func TestPlain(t *testing.T) {
	if got := Plain("<p>Whoever speaks is shown.</p>\n// his\n"); len(got) != 2 {
		t.Errorf("faults %v", got)
	}
}
