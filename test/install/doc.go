// Package install tries the Debian package as an administrator does: in a Debian 12
// of its own (debootstrap, in a chroot) with a network of its own, by the commands
// that README.md gives.
//
// Once with systemd as the first process of that Debian, in namespaces as a container
// manager makes them: the units with their sandbox, reload, restart, upgrade, watchdog.
// Where a kernel does not allow that, there is still the chroot, where the tests take
// systemd's part: they open the port that the socket unit names, start the line that the
// service unit names, as its user and with its capability, and wait for READY=1.
//
// It needs root and the packages debootstrap, systemd and strace; need says what is
// missing. Debian itself is fetched once and kept under .cache. Nothing of this machine
// is changed: no setting of the kernel, no device, no control group that is left.
package install
