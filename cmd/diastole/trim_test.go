package main

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

const mib = 1 << 20

// looks feeds a trimmer a look every 15 s and gives the numbers of those at which
// memory was given back. Holes between objects are always left over.
func looks(all ...heapLook) (trimmed []int) {
	var t trimmer
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for i, look := range all {
		look.at = at.Add(time.Duration(i) * trimLook)
		if t.due(look) {
			trimmed = append(trimmed, i)
			t.done(heapLook{at: look.at, live: look.live, objects: look.live, unused: look.unused})
		}
	}
	return trimmed
}

func same(look heapLook, n int) []heapLook {
	all := make([]heapLook, n)
	for i := range all {
		all[i] = look
	}
	return all
}

func TestMemoryIsGivenBackWhenABurstIsOverAndAgainOnlyForMore(t *testing.T) {
	growing := heapLook{live: 20 * mib, objects: 100 * mib, allocated: 100 * mib}
	burst := heapLook{live: 60 * mib, objects: 110 * mib, free: 5 * mib, unused: 20 * mib, allocated: 400 * mib}
	tidy := heapLook{live: 60 * mib, objects: 61 * mib, unused: 20 * mib, allocated: 401 * mib}
	again := heapLook{live: 60 * mib, objects: 90 * mib, unused: 20 * mib, allocated: 402 * mib}
	all := append([]heapLook{growing, burst, burst}, same(tidy, 20)...)
	if got := looks(append(all, again, again)...); !slices.Equal(got, []int{2, 23}) {
		t.Errorf("given back at %v, want at the first quiet look of each burst", got)
	}
}

func TestMemoryIsKeptWhereGivingItBackIsNotWorthIt(t *testing.T) {
	for name, look := range map[string]heapLook{
		"nothing to be given":               {live: 60 * mib, objects: 60 * mib},
		"less than a quarter of what lives": {live: 400 * mib, objects: 490 * mib},
		"little in all":                     {live: 4 * mib, objects: 12 * mib, free: 7 * mib},
		"more live than objects":            {live: 60 * mib, objects: 10 * mib, free: 2 * mib},
	} {
		if got := looks(same(look, 10)...); got != nil {
			t.Errorf("%s: given back at %v", name, got)
		}
	}
}

// Whoever still grows would fetch the memory again at once.
func TestMemoryIsKeptWhileMuchIsGoingOn(t *testing.T) {
	all := same(heapLook{live: 60 * mib, objects: 110 * mib}, 20)
	for i := range all {
		all[i].allocated = uint64(i) * 7 * mib
	}
	if got := looks(all...); got != nil {
		t.Errorf("given back at %v", got)
	}
}

// Each time costs a walk through all that lives.
func TestMemoryIsGivenBackAtMostOnceAMinute(t *testing.T) {
	var all []heapLook
	for i := range 40 { // ever more to give, whatever is given back
		all = append(all, heapLook{live: 60 * mib, objects: 110 * mib, free: uint64(i) * 20 * mib})
	}
	for i, n := range looks(all...) {
		if want := 1 + 4*i; n < want {
			t.Errorf("time %d at look %d, want %d at the earliest", i, n, want)
		}
	}
}

func TestTheHeapIsReadAsItIs(t *testing.T) {
	before := lookAtHeap(time.Now())
	ballast := make([]byte, 64*mib)
	for i := range ballast {
		ballast[i] = 1
	}
	with := lookAtHeap(time.Now())
	if with.allocated-before.allocated < 64*mib || with.objects < 64*mib {
		t.Errorf("64 MiB do not show: %+v, before %+v", with, before)
	}
	runtime.GC()
	if kept := lookAtHeap(time.Now()); kept.live < 64*mib {
		t.Errorf("64 MiB do not live: %+v", kept)
	}
	runtime.KeepAlive(ballast)
}
