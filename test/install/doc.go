// Package install tries the Debian package as an administrator does: in a Debian 12
// of its own (debootstrap, in a chroot) with a network of its own, by the commands
// that README.md gives.
//
// A chroot has no systemd as its first process. So the tests take its part: they open
// the port that the socket unit names, and start the line that the service unit names,
// as its user and with its capability, hand over the port and wait for READY=1. What
// of the unit only systemd can do, its sandbox above all, is looked at from outside:
// by systemd-analyze, and by comparing the system calls of a whole life with the list.
//
// It needs root and the packages debootstrap, systemd and strace; need says what is missing.
// Debian itself is fetched once and kept under .cache.
package install
