package address

import (
	"html"
	"regexp"
	"strconv"
	"strings"
)

const (
	// longSecret is the length of what is hidden within words too, in bytes: a shorter
	// secret, such as "meta", is often a part of what has to be said, such as "metadata".
	longSecret = 6
	// layers is how often a text may be escaped.
	layers = 3
)

// conceal hides secrets in a text, however it is escaped: whatever belongs to one of
// them in any of its spellings.
func conceal(text string, secrets []string) string {
	secret := make([]bool, len(text))
	for s, n := said(text), 0; n < layers; s, n = s.undo(), n+1 {
		for _, found := range secrets {
			s.mark(found, secret)
		}
	}
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !secret[i]:
			out.WriteByte(text[i])
		case i == 0 || !secret[i-1]:
			out.WriteString(hidden)
		}
	}
	return out.String()
}

// spelling is a text with some of its escapes undone. Each byte has the place in what
// was said, from and to, that it stands for.
type spelling struct {
	text     string
	from, to []int
}

func said(text string) spelling {
	s := spelling{text: text}
	for i := range len(text) {
		s.from, s.to = append(s.from, i), append(s.to, i+1)
	}
	return s
}

// mark marks where a secret is: a short one only where it is a word.
func (s spelling) mark(secret string, marks []bool) {
	for at := 0; ; at++ {
		n := strings.Index(s.text[at:], secret)
		if n < 0 {
			return
		}
		at += n
		end := at + len(secret)
		if len(secret) < longSecret && (at > 0 && alphanumeric(s.text[at-1]) || end < len(s.text) && alphanumeric(s.text[end])) {
			continue
		}
		for i := s.from[at]; i < s.to[end-1]; i++ {
			marks[i] = true
		}
		at = end - 1
	}
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// escape is how URLs, JSON, programs and HTML write what they do not write as it is.
var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[^0-9A-Za-z]|&#?[0-9A-Za-z]{1,8};`)

// undo undoes one layer of escapes.
func (s spelling) undo() spelling {
	var out strings.Builder
	var next spelling
	write := func(meaning string, from, to int) {
		for i := range len(meaning) {
			out.WriteByte(meaning[i])
			next.from, next.to = append(next.from, s.from[from]), append(next.to, s.to[to-1])
		}
	}
	done := 0
	for _, at := range escape.FindAllStringIndex(s.text, -1) {
		for ; done < at[0]; done++ {
			write(s.text[done:done+1], done, done+1)
		}
		write(meant(s.text[at[0]:at[1]]), at[0], at[1])
		done = at[1]
	}
	for ; done < len(s.text); done++ {
		write(s.text[done:done+1], done, done+1)
	}
	next.text = out.String()
	return next
}

// meant returns what an escape stands for.
func meant(escape string) string {
	switch {
	case escape[0] == '&':
		return html.UnescapeString(escape)
	case escape[0] == '%':
		n, _ := strconv.ParseUint(escape[1:], 16, 8)
		return string([]byte{byte(n)})
	case escape[1] == 'u':
		n, _ := strconv.ParseUint(escape[2:], 16, 16)
		return string(rune(n))
	case escape[1] == 'x':
		n, _ := strconv.ParseUint(escape[2:], 16, 8)
		return string([]byte{byte(n)})
	default:
		return escape[1:]
	}
}
