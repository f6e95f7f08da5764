package edge

import (
	"context"
	"fmt"
	"net"
)

// takeSeat opens a port that answers nothing. To solve a challenge certmagic opens a
// port of its own, unless it finds that port in use: then whoever has it is trusted
// to answer. Ours do, and certmagic is shown this one, so that it never binds a port
// for phones in the moment in which a reload moves there, nor knocks at one that
// wants a PROXY header.
func takeSeat(ctx context.Context) (net.Listener, error) {
	var listen net.ListenConfig
	seat, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	go func() {
		for {
			c, err := seat.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	return seat, nil
}
