package dovecot

import (
	"strings"
	"text/template"
)

// Config is what a server is to be like.
type Config struct {
	Users int // user1 .. userN, each with the password Password; 0: 4

	Hook  string // URL that deploy/dovecot/diastole.lua is given; "": no Lua driver
	Token string // and its token
	OX    string // URL that the stock OX driver is given; "": no OX driver

	Hibernate bool   // idling connections leave their process, after a second
	TLS       bool   // a port for TLS too, and STARTTLS on the other
	Extra     string // further settings; what is said twice, the last one counts
}

const (
	Password       = "secret"
	Master         = "edge" // may log in as anybody: "user1*edge"
	MasterPassword = "master-secret"
)

// layout is what the template below is filled with.
type layout struct {
	Config
	Dir                 string
	IMAPPort, IMAPSPort string
}

// settings is Debian's configuration in one file. Logins are cheap in it (probes: 1.5
// ms instead of 18), because no test is about them.
func (l layout) settings() string {
	var b strings.Builder
	if err := template.Must(template.New("").Parse(settings)).Execute(&b, l); err != nil {
		panic(err) // the template is ours
	}
	return b.String()
}

const settings = `base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
log_path = {{.Dir}}/dovecot.log
protocols = imap lmtp
postmaster_address = postmaster@example.test
listen = 127.0.0.1
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
auth_master_user_separator = *
first_valid_uid = 1
mail_uid = mail
mail_gid = mail
mail_home = {{.Dir}}/mail/%n
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 1000
{{if .TLS}}ssl = yes
ssl_cert = <{{.Dir}}/cert.pem
ssl_key = <{{.Dir}}/key.pem
{{else}}ssl = no
{{end -}}
passdb {
  driver = passwd-file
  master = yes
  args = {{.Dir}}/masters
}
passdb {
  driver = passwd-file
  args = username_format=%n {{.Dir}}/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home={{.Dir}}/mail/%n
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    auto = subscribe
    special_use = \Drafts
  }
  mailbox Sent {
    auto = subscribe
    special_use = \Sent
  }
  mailbox Trash {
    auto = subscribe
    special_use = \Trash
  }
}
service imap-login {
  service_count = 0
  client_limit = 4000
  inet_listener imap {
    port = {{.IMAPPort}}
  }
  inet_listener imaps {
    port = {{if .TLS}}{{.IMAPSPort}}
    ssl = yes{{else}}0{{end}}
  }
}
service imap {
  process_limit = 4000
  service_count = 200
  process_min_avail = 2
  unix_listener imap-master {
    user = dovecot
  }
}
service imap-hibernate {
  unix_listener imap-hibernate {
    mode = 0666
  }
}
service lmtp {
  process_min_avail = 2
  unix_listener lmtp {
    mode = 0666
  }
}
service anvil {
  client_limit = 20000
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  client_limit = 20000
}
{{if .Hibernate}}imap_hibernate_timeout = 1s
{{end -}}
{{if or .Hook .OX}}mail_plugins = $mail_plugins{{if .Hook}} mail_lua{{end}} notify push_notification{{if .Hook}} push_notification_lua{{end}}
mail_attribute_dict = file:%h/dovecot-attributes
protocol imap {
  imap_metadata = yes
}
plugin {
{{- if .Hook}}
  push_notification_driver = lua:file={{.Dir}}/diastole.lua
  diastole_url = {{.Hook}}
{{- end}}
{{- if .OX}}
  push_notification_driver{{if .Hook}}2{{end}} = ox:url={{.OX}} timeout_msecs=300 max_retries=0
{{- end}}
}
!include_try {{.Dir}}/diastole-token.conf
{{end -}}
{{.Extra}}
`
