package wbxml

import "math"

// Limits bound what a Decoder reads. A zero field takes its default; a value below the floor or above the ceiling
// is moved to it, so that no configuration can switch a limit off or make every real document fail.
//
// The largest of 753 captured documents has depth 10; a Sync answer of 512 contacts has some 30,000 elements.
type Limits struct {
	Bytes    int64 // from the header's first byte to the root's END; default 16 MiB, 64 B .. 1 TiB
	Depth    int   // open elements at one time; default 64, 16 .. 256
	Text     int   // bytes of the longest STR_I or OPAQUE; default 16 MiB, 64 B .. 2 GiB
	Elements int   // elements in all; default 1,000,000, 64 .. 1,000,000,000
}

const (
	defaultBytes, floorBytes, ceilBytes          = 16 << 20, 64, 1 << 40
	defaultDepth, floorDepth, ceilDepth          = 64, 16, 256
	defaultText, floorText, ceilText             = 16 << 20, 64, math.MaxInt32
	defaultElements, floorElements, ceilElements = 1_000_000, 64, 1_000_000_000
)

// clip gives the limits that hold.
func (l Limits) clip() Limits {
	return Limits{
		Bytes:    clip(l.Bytes, defaultBytes, floorBytes, ceilBytes),
		Depth:    clip(l.Depth, defaultDepth, floorDepth, ceilDepth),
		Text:     clip(l.Text, defaultText, floorText, ceilText),
		Elements: clip(l.Elements, defaultElements, floorElements, ceilElements),
	}
}

func clip[N int | int64](n, standard, floor, ceil N) N {
	if n == 0 {
		return standard
	}
	return min(max(n, floor), ceil)
}
