package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// pushpin with Debian's configuration, but for what a directory of its own and
// so many phones take: TLS by its own front (condure), connections as many as
// the others', and no brake on publishing, which by default spreads 8,000
// answers over 3.2 s. Its outgoing half (zurl) is a service of the system in
// Debian; here it is started by Pushpin itself, as it is where Pushpin is built
// from source.
func pushpin(s *site) *exec.Cmd {
	s.write("run/.keep", "") // makes the directories
	s.write("log/.keep", "")
	s.write("routes", "* <server>,trusted\n") // trusted: zurl refuses 127.0.0.1 otherwise
	// The certificate's name is that of the port.
	s.write("runner/certs/default_<port>.crt", s.certificate)
	s.write("runner/certs/default_<port>.key", s.key)
	s.write("internal.conf", pushpinInternal())
	return exec.Command("pushpin", "--config", s.write("pushpin.conf", `[global]
include=<dir>/internal.conf
rundir=<dir>/run
ipc_prefix=bench-
port_offset=0

[runner]
services=condure,zurl,pushpin-proxy,pushpin-handler
https_ports=<address>
logdir=<dir>/log
log_level=1
client_buffer_size=8192
client_maxconn=9500

[proxy]
routesfile=routes
updates_check=off

[handler]
push_in_http_addr=127.0.0.1
push_in_http_port=<controlport>
command_spec=ipc://{rundir}/{ipc_prefix}command
message_rate=1000000
`))
}

// pushpinInternal is the package's file with the names of the internal sockets,
// zurl's moved into our own directory.
func pushpinInternal() string {
	text, err := os.ReadFile(filepath.FromSlash("/usr/lib/pushpin/internal.conf"))
	if err != nil {
		return "" // it is not installed, and will not start
	}
	return strings.ReplaceAll(string(text), "/var/run/zurl/zurl-", "{rundir}/{ipc_prefix}zurl-")
}
