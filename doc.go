// Package diastole is the root of a reverse proxy that makes ActiveSync push
// work on the server that is already there. It holds no code, only the rules
// of the house (arch_test.go); the program is cmd/diastole.
package diastole
