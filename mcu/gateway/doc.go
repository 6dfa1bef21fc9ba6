// Package gateway connects rooms with other servers: it sends a room's mix to them, as it
// is encoded anyway, and brings their streams into rooms.
package gateway
