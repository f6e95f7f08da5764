package edge

import "context"

// Shelf keeps small things under names: what a certificate authority issued, and the
// keys of session tickets. Nodes that share one show the same certificates, answer
// each other's challenges and take up each other's TLS sessions. Disk is one for a
// single node.
//
// A key is a path of words with slashes. Values are private keys and secrets, of some
// KiB at most. All methods may be called at the same time and end with ctx.
type Shelf interface {
	// Get returns what Set put there last; an error that is fs.ErrNotExist for nothing.
	Get(ctx context.Context, key string) ([]byte, error)
	// Set replaces the value as a whole: nobody ever reads half of it.
	Set(ctx context.Context, key string, value []byte) error
	// Delete removes the key and all keys below it. Nothing there is no error.
	Delete(ctx context.Context, key string) error
	// List gives all keys below prefix, however deep; none is no error.
	List(ctx context.Context, prefix string) ([]string, error)
	// Lock waits until nobody else has the lock of that name, on any node. What a
	// node that died has locked must become free by itself.
	Lock(ctx context.Context, name string) (unlock func() error, err error)
}
