package dovecot

import "github.com/diastole/diastole/internal/wake"

// Notice is what Dovecot has told one node, for those who wait at another.
type Notice struct {
	Driver  string // lua, ox
	User    string // as Dovecot names him
	Classes wake.Classes
}

// Hear takes in what Dovecot has told another node. It is not told on.
func (s *Source) Hear(n Notice) {
	for _, d := range []driver{lua, ox} {
		if d.String() == n.Driver && n.User != "" && len(n.User) <= mostUser {
			s.take(d, notice{n.User, n.Classes})
		}
	}
}
