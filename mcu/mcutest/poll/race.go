//go:build race

package poll

const raced = true
