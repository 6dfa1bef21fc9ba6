// Package codectest is the one conformance suite that every codec passes. A
// codec's test calls Video or Audio with its constructors. The pictures, sounds
// and measures that the suite uses are exported for other tests.
package codectest
