//go:build race

package proxy

// underRace: the detector dies at 8,128 goroutines.
const underRace = true
