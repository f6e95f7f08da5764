package config

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const wantRedis = "write the address of Redis or Valkey, for example redis://redis.internal:6379/0 or rediss://redis.internal:6380/0"

// redisURL takes redis:// or rediss://, a host, perhaps a user, a port and the number of
// a database. A password has a file of its own: what is in force is shown and logged.
var redisURL = codec[*url.URL]{
	read: func(n node) (*url.URL, error) {
		if err := n.expect(text, wantRedis); err != nil {
			return nil, err
		}
		u, err := url.Parse(n.text)
		switch {
		case n.text == "":
			return nil, n.fault("empty", wantRedis+", or remove the key")
		case err != nil || u.Opaque != "" || u.Scheme != "redis" && u.Scheme != "rediss":
			return nil, n.fault("neither redis:// nor rediss:// in front", wantRedis)
		case hasPassword(u):
			return nil, n.fault("a password in the address", "write it into a file, and name that in state.password_file")
		case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
			return nil, n.fault("more than an address and the number of a database", "remove everything from the ? or # on")
		case !isHost(u.Hostname()):
			return nil, n.fault("no usable host", wantRedis)
		case !isPort(u):
			return nil, n.fault("the port is not a number from 1 to 65535", wantRedis)
		case !isDatabase(u.Path):
			return nil, n.fault("behind the / stands no number of a database", wantRedis)
		}
		return u, nil
	},
	show: showURL,
}

func hasPassword(u *url.URL) bool {
	_, has := u.User.Password()
	return has
}

// isDatabase: Redis numbers its databases, from 0 on.
func isDatabase(path string) bool {
	number := strings.Trim(path, "/")
	_, err := strconv.ParseUint(number, 10, 16)
	return number == "" || err == nil
}

// stateKeyFile takes the path of a file with the key of all nodes.
var stateKeyFile = secretFile("write the path of a file that holds the key and nothing else", checkStateKey)

// shortestStateKey is 128 bits in hexadecimal. Who can read Redis has all the time there
// is to try shorter ones.
const shortestStateKey = 32

func checkStateKey(content []byte) (problem, remedy string) {
	if n := len(bytes.TrimSpace(content)); n < shortestStateKey {
		return fmt.Sprintf("the key in it has %d characters, fewer than %d", n, shortestStateKey),
			"write a new one, the same on all nodes: openssl rand -hex 32 > FILE"
	}
	return "", ""
}

// StateKey reads the key that State.KeyFile names; nil without such a file.
func (c *Config) StateKey() ([]byte, error) {
	key, err := secret("state.key_file", c.State.KeyFile, checkStateKey, bytes.TrimSpace)
	if key == "" {
		return nil, err
	}
	return []byte(key), err
}

// RedisPassword reads the password that State.PasswordFile names; "" without such a file.
func (c *Config) RedisPassword() (string, error) {
	return secret("state.password_file", c.State.PasswordFile, checkPassword, withoutLineEnd)
}

// checkState holds what the keys of Redis need of each other.
func (r *reading) checkState() error {
	s := r.config.State
	if s.Redis == nil {
		for _, key := range []string{"state.cluster", "state.password_file", "state.ca", "state.key_file"} {
			if k, _ := whole.find(key); k.show(r.config) != k.show(Default()) {
				return r.where(key).faultUnseen("it has no effect without state.redis", "set state.redis, for example redis://redis.internal:6379/0, or remove "+key)
			}
		}
		return nil
	}
	switch {
	case s.KeyFile == "":
		return r.where("state.redis").fault("without a key of their own the nodes would have to believe whatever stands there, and keep names in it that everybody can read",
			"set state.key_file to a file with one, the same on all nodes: openssl rand -hex 32 > FILE")
	case s.CA != "" && s.Redis.Scheme != "rediss":
		return r.where("state.ca").fault("no certificate is ever checked, because state.redis begins with redis://", "write rediss:// there, or remove state.ca")
	case s.Cluster && strings.Trim(s.Redis.Path, "/0") != "":
		return r.where("state.redis").fault("a cluster has one database, 0", "remove what stands behind the host and the port")
	}
	return nil
}
