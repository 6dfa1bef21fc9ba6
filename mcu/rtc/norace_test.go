//go:build !race

package rtc

const raced = false
