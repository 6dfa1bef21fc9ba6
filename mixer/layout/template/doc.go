// Package template reads layouts that a host or an operator has written as JSON, and those of other
// servers.
//
//	JSON ──▶ Parse ──▶ Template ──▶ Layout: a pure function from canvas and sources to tiles
//	FreeSWITCH's XML, OWT's JSON ──▶ Import ──▶ JSON        └──▶ SVG: a preview
//
// A template has groups of slots. The group is taken that is the smallest with room for all
// sources. Each slot takes one source, by what the slot says of it, and a grid takes those that are
// left. All rectangles that a template returns are even-aligned and inside the canvas. They overlap
// only where the template says by z which one is in front.
//
// Nothing here keeps state.
package template
