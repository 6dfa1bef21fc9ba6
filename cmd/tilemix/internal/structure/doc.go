// Package structure measures how the code is built: what tests of cmd/tilemix hold to
// their bars.
//
//	Read ─▶ Tree ─▶ Spread, LongFiles, LongFuncs, Exports, Undocumented, SameTypes, Climbs, Files, Ratio
//
// Everything is read with go/parser, without types. Files are those of all platforms and
// build tags. Lines are counted as a text editor does, blank lines and comments included.
// A measure returns findings in the order of their keys. The package keeps no state.
package structure
