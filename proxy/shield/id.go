package shield

import "github.com/hashicorp/golang-lru/v2/simplelru"

// ID stands for a device, a credential or an address: 128 bits of a digest under a key
// that nobody outside of the process knows. Without the key somebody who reads a core
// dump could try passwords out.
type ID [16]byte

// table is a bounded map of whom was heard of. It counts who had to make room.
type table[T any] struct {
	lru       *simplelru.LRU[ID, T]
	forgotten uint64
}

func newTable[T any](size int) *table[T] {
	t := &table[T]{}
	lru, err := simplelru.NewLRU[ID, T](max(size, 1), nil)
	if err != nil {
		panic("BUG: shield: " + err.Error()) // only for a size below 1
	}
	t.lru = lru
	return t
}

// put makes an entry the youngest.
func (t *table[T]) put(id ID, entry T) {
	if t.lru.Add(id, entry) {
		t.forgotten++
	}
}
