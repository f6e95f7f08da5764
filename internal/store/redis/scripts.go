package redis

import goredis "github.com/redis/go-redis/v9"

// Ages are reckoned by Redis alone: the clocks of two nodes are never compared. Each
// script touches one key, as a cluster wants it.

// claim makes a device this node's, unless another node has had it later, and keeps what
// is known of it. The former node is told in the same step: told later, it might not be
// told at all.
//
//	KEYS 1: device   ARGV: node, age in ms, time to live in ms, state ("": as it is), begin of channels
//
// Who has it already says how lately, too: after an outage another node's claim may be
// older than that and younger than what stood here. It gives whether the device is ours, and whose it was or is. A time that is still to
// come is of another clock: Redis was set right, or another server took its place.
// Believed, it would refuse each node the device until then, and its waits would end as
// fast as it asks.
var claim = goredis.NewScript(`
local was = redis.call('HMGET', KEYS[1], 'node', 'at')
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local at = now - tonumber(ARGV[2])
local other = was[1] and was[1] ~= ARGV[1]
local since = tonumber(was[2]) or 0
if other and since > at and since <= now then return {0, string.sub(was[1], 1, 64)} end
if not other and since <= now then at = math.max(at, since) end
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'at', string.format('%.0f', at))
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'state', ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if other then redis.call('PUBLISH', ARGV[5] .. was[1], KEYS[1]) end
return {1, string.sub(was[1] or '', 1, 64)}
`)

// look gives whose a device is, for how many ms, and what is known of it.
//
//	KEYS 1: device   ARGV: most bytes of what is known
var look = goredis.NewScript(`
local is = redis.call('HMGET', KEYS[1], 'node', 'at', 'state')
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if is[3] and #is[3] > tonumber(ARGV[1]) then is[3] = '?' end
return {string.sub(is[1] or '', 1, 64), string.format('%.0f', now - (tonumber(is[2]) or 0)), is[3] or ''}
`)

// fields gives fields of a hash, "" for one that is not there. One that is longer than
// any of ours comes as "?", which nobody has sealed: a client that reads it has all of it
// in memory before it can look at the length.
//
//	KEYS 1: hash   ARGV: most bytes of a field, their names
var fields = goredis.NewScript(`
local all = redis.call('HMGET', KEYS[1], unpack(ARGV, 2))
for i = 1, #ARGV - 1 do
  all[i] = all[i] or ''
  if #all[i] > tonumber(ARGV[1]) then all[i] = '?' end
end
return all
`)

// keep puts what is known of a network in the place of the version that it was made of,
// and says when, in ms since 1970; 0: another version is there.
//
//	KEYS 1: network   ARGV: that version, state, time to live in ms
var keep = goredis.NewScript(`
local version = tonumber(redis.call('HGET', KEYS[1], 'version')) or 0
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', string.format('%.0f', version + 1), 'state', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local t = redis.call('TIME')
return t[1] * 1000 + math.floor(t[2] / 1000)
`)

// unlock deletes a lock that is still ours, renew keeps it.
var (
	unlock = goredis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)
	renew  = goredis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`)
)

// inPipelines are the scripts that are sent many at once, where one that is not known
// cannot be sent again in full.
var inPipelines = []*goredis.Script{claim, look}
