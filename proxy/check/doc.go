// Package check asks a server whether something has changed since a device's last
// Sync: it writes the question and reads the answer.
//
// There are two questions, because servers differ. GetItemEstimate ends at once and
// changes nothing at the server (MS-ASCMD 2.2.3.181.3); where its numbers are not exact
// (SOGo's are not), a short Ping is asked instead.
//
// The package never guesses: whatever is not a clean answer about every folder is
// Unclear, and the device's own request then goes up. It sends nothing, knows no HTTP
// and no clock, and keeps nothing between two questions.
package check
