package edge

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// leaves are all certificates in use.
func (c *Certificates) leaves() []*x509.Certificate {
	s := c.shown.Load()
	leaves := slices.Clone(s.leaves)
	if s.issuing != nil {
		for _, name := range s.issuing.Domains {
			if pair, err := s.issuing.get(name); err == nil {
				leaves = append(leaves, pair.Leaf)
			}
		}
	}
	return leaves
}

// missing are the names that nothing was issued for.
func (c *Certificates) missing() (names []string) {
	if s := c.shown.Load(); s.issuing != nil {
		for _, name := range s.issuing.Domains {
			if _, err := s.issuing.get(name); err != nil {
				names = append(names, name)
			}
		}
	}
	return names
}

// Describe says in a few words whom phones see, and until when, for people at a
// terminal.
func (c *Certificates) Describe() string {
	var words []string
	for _, leaf := range c.leaves() {
		words = append(words, fmt.Sprintf("%s until %s", nameOf(leaf), leaf.NotAfter.Format(time.DateOnly)))
	}
	for _, name := range c.missing() {
		words = append(words, name+" is being issued")
	}
	if c.shown.Load().self {
		return "self-signed, made at this start: phones refuse it until tls.cert and tls.key, tls.pfx or tls.acme are set"
	}
	return strings.Join(words, ", ")
}
