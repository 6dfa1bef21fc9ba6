// Package address judges the addresses that users have a server send to and read
// from, and shows them without their keys. It connects to nothing.
package address
