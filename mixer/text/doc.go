// Package text draws one line of text in any script.
//
//	string ──▶ readable runes ──▶ clusters, each with a font ──▶ runs of one direction, script and font
//	                                                                   │ HarfBuzz, in visual order
//	                                            Line: mask, emoji ◀────┘
//
// Latin, Greek and Cyrillic come from a font in the binary. Other scripts come from the fonts
// that the caller has (package mcu/fonts). What no font has is one box, however long it is.
package text
