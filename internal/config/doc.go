// Package config reads the one YAML file that says how diastole runs, or the
// same settings from the command line, and refuses every mistake with one
// message that names the place, the key, the value and the way out:
//
//	diastole.yaml:4:9: drain: 25: a number where text is needed; write a length of time with its unit, for example 25s or 1m30s
//
// It is strict on purpose. A key with a slip of the pen, a key that this version
// does not act upon, a file that is not there: each would otherwise be found out
// weeks later, by the phones. Only the first mistake of a file is reported, so
// that nobody reads about the consequences of one twice.
//
// The way through the package is [Parse]: tree.go and yaml.go turn the file into
// a tree of our own that knows where everything stands, table.go reads it by the
// table of all keys in keys.go, and whole.go checks what no single key can know.
// What a policy may say is decided by the package policy; here its mistakes get
// their line.
//
// It will not watch the file, merge several files, expand environment variables
// or read secrets from the file itself: secrets stand in files of their own,
// whose names are keys. It never prints one.
package config
