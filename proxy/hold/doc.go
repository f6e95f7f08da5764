// Package hold keeps waits: parked connections, the queue to the upstream, and one wait per device. It knows no HTTP and no ActiveSync.
package hold
