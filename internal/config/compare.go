package config

import "slices"

// Changed names the keys that a and b give different values, in the order of
// docs/configuration.md. The same value in other words is no change.
func Changed(a, b *Config) []string {
	var names []string
	for _, k := range keys {
		if k.show(a) != k.show(b) {
			names = append(names, k.path)
		}
	}
	return names
}

// Take gives c the values that from has for these keys.
func (c *Config) Take(names []string, from *Config) {
	for _, k := range keys {
		if slices.Contains(names, k.path) {
			k.take(c, from)
		}
	}
}

// Keys names all keys there are, in the order of docs/configuration.md.
func Keys() []string { return whole.words() }
