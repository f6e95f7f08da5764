package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// recipe is how one proxy is set up in front of the world's backend.
type recipe struct {
	name    string
	config  string // a file's text; %[1]s certificate+key, %[2]d port, %[3]s backend, %[4]s directory
	file    string // its name
	command func(file string) *exec.Cmd
}

// diastole with its defaults: nothing is tuned for the comparison.
func diastole(b *testing.B, w *world) recipe {
	binary := filepath.Join(w.dir, "diastole")
	build := exec.Command("go", "build", "-o", binary, "../../cmd/diastole")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building diastole: %v\n%s", err, out)
	}
	return recipe{"diastole", `listen: "127.0.0.1:%[2]d"
tls: {cert: %[1]s, key: %[1]s}
upstream: {url: "http://%[3]s"}
admin: {listen: "off"}
log: {level: warn, format: json}
`, "diastole.yaml", func(file string) *exec.Cmd { return exec.Command(binary, "serve", "--config", file) }}
}

// nginx as its users set it up in front of ActiveSync: long read time-out, no
// buffering, connections to the backend kept.
func nginx() recipe {
	return recipe{"nginx", `worker_processes auto;
worker_rlimit_nofile 20000;
daemon off;
pid %[4]s/nginx.pid;
error_log %[4]s/nginx.log warn;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path %[4]s/body; proxy_temp_path %[4]s/proxy;
  fastcgi_temp_path %[4]s/f; uwsgi_temp_path %[4]s/u; scgi_temp_path %[4]s/s;
  keepalive_requests 1000000;
  upstream backend { server %[3]s; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:%[2]d ssl;
    ssl_certificate %[1]s; ssl_certificate_key %[1]s; ssl_protocols TLSv1.2 TLSv1.3;
    location / {
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_read_timeout 3600s; proxy_buffering off; client_max_body_size 50m;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`, "nginx.conf", func(file string) *exec.Cmd { return exec.Command("nginx", "-p", filepath.Dir(file), "-c", file) }}
}

func haproxy() recipe {
	return recipe{"haproxy", `global
  maxconn 9500
defaults
  mode http
  timeout connect 5s
  timeout client 3600s
  timeout server 3600s
  option forwardfor
frontend phones
  bind 127.0.0.1:%[2]d ssl crt %[1]s
  default_backend server
backend server
  http-reuse safe
  server one %[3]s
`, "haproxy.cfg", func(file string) *exec.Cmd { return exec.Command("haproxy", "-f", file) }}
}

func caddy() recipe {
	return recipe{"caddy", `{
  auto_https off
  admin off
  storage file_system %[4]s/caddy
  log {
    level ERROR
  }
}
:%[2]d {
  bind 127.0.0.1
  tls %[1]s %[1]s
  reverse_proxy http://%[3]s {
    flush_interval -1
  }
}
`, "Caddyfile", func(file string) *exec.Cmd {
		return exec.Command("caddy", "run", "--adapter", "caddyfile", "--config", file)
	}}
}

func (r recipe) write(b *testing.B, w *world, port int) string {
	file := filepath.Join(w.dir, r.file)
	text := fmt.Sprintf(r.config, w.pem, port, w.backend.Addr(), w.dir)
	if r.name == "haproxy" || r.name == "diastole" { // they name no directory
		text = fmt.Sprintf(r.config+"%[4]s", w.pem, port, w.backend.Addr(), "")
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}
