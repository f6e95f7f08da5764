// Package firewall proves what diastole says of lost and delivered answers through
// a real firewall that forgets: the kernel's own, of test/netns. It needs root.
package firewall
