// Package views says what a view is: one picture of a room, as a value.
//
//	name or JSON ──▶ Parse ──▶ Wish ──▶ Wish.Key ──▶ ViewKey ──▶ pool.Chooser ──▶ the views of a scene
//
// A Wish is what a viewer asks for. A ViewKey is the wish in canonical form, as it is in one room at
// one time: wishes that give the same picture have equal keys. Viewers with equal keys share one view,
// and so one encode (package pool).
package views
