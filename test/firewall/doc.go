// Package firewall proves what diastole says of lost and delivered answers, and that
// it learns from them, through a real firewall that forgets: the kernel's own, of
// test/netns. Phones of the lab live in one namespace, the firewall in another, the
// whole program and a mail server in a third. It needs root.
package firewall
