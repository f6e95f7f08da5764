package bench

import "os/exec"

// peer is one proxy, set up as its users would in front of an ActiveSync server.
type peer struct {
	name    string
	version []string              // the command that tells it
	setUp   func(*site) *exec.Cmd // writes its files; the command starts it
	ours    bool
	// publishes: holds by itself and is told by GRIP what to answer.
	publishes bool
	// atEdge: no wait goes to the server, which is asked once for each. Nothing can be
	// learnt by releasing them there.
	atEdge bool
}

func peers(binary string) []peer {
	return []peer{
		{name: "diastole", version: []string{binary, "version"}, setUp: diastole(binary, ""), ours: true},
		{name: "diastole, edge", setUp: diastole(binary, edge), ours: true, atEdge: true},
		{name: "nginx", version: []string{"nginx", "-v"}, setUp: nginx},
		{name: "HAProxy", version: []string{"haproxy", "-v"}, setUp: haproxy},
		{name: "Caddy", version: []string{"caddy", "version"}, setUp: caddy},
		{name: "Pushpin", version: []string{"pushpin", "--version"}, setUp: pushpin, publishes: true},
	}
}

// edge holds waits without a wait at the server, as in front of a SOGo. Nobody tells of
// changes, and the server is not asked again while memory is measured.
const edge = `, profile: sogo, hold: edge, max_waits: 100, max_checks: 100, check_pace: 0}
wake: {poll: 1h, safety: 1h`

// diastole with its defaults: nothing is tuned for the comparison.
func diastole(binary, upstream string) func(*site) *exec.Cmd {
	return func(s *site) *exec.Cmd {
		file := s.write("diastole.yaml", `listen: "<address>"
tls: {cert: <pem>, key: <pem>}
upstream: {url: "http://<server>"`+upstream+`}
admin: {listen: "off"}
log: {level: warn, format: json}
`)
		return exec.Command(binary, "serve", "--config", file)
	}
}

// nginx with a long read time-out, without buffering, and with connections to
// the server kept.
func nginx(s *site) *exec.Cmd {
	file := s.write("nginx.conf", `worker_processes auto;
worker_rlimit_nofile 20000;
daemon off;
pid <dir>/nginx.pid;
error_log <dir>/nginx.log warn;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path <dir>/body; proxy_temp_path <dir>/proxy;
  fastcgi_temp_path <dir>/f; uwsgi_temp_path <dir>/u; scgi_temp_path <dir>/s;
  keepalive_requests 1000000;
  upstream backend { server <server>; keepalive 64; keepalive_requests 1000000; }
  server {
    listen <address> ssl;
    ssl_certificate <pem>; ssl_certificate_key <pem>; ssl_protocols TLSv1.2 TLSv1.3;
    location / {
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_read_timeout 3600s; proxy_buffering off; client_max_body_size 50m;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`)
	return exec.Command("nginx", "-p", s.dir, "-c", file)
}

// haproxy with as many connections as 20,000 descriptors allow, and told to look
// whether a phone is still there: without abortonclose it keeps the waits of
// phones that were cut, and 8,000 that come back find its connections taken.
func haproxy(s *site) *exec.Cmd {
	return exec.Command("haproxy", "-f", s.write("haproxy.cfg", `global
  maxconn 9500
defaults
  mode http
  timeout connect 5s
  timeout client 3600s
  timeout server 3600s
  option forwardfor
  option abortonclose
frontend phones
  bind <address> ssl crt <pem>
  default_backend server
backend server
  http-reuse safe
  server one <server>
`))
}

func caddy(s *site) *exec.Cmd {
	file := s.write("Caddyfile", `{
  auto_https off
  admin off
  storage file_system <dir>/caddy
  log {
    level ERROR
  }
}
:<port> {
  bind 127.0.0.1
  tls <pem> <pem>
  reverse_proxy http://<server> {
    flush_interval -1
  }
}
`)
	return exec.Command("caddy", "run", "--adapter", "caddyfile", "--config", file)
}
