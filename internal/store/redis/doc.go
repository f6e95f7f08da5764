// Package redis lets several nodes share what they know, through Redis or Valkey: whose
// node a device is and what it has, what is believed of networks, words of change, and
// the files of certificates.
//
//	s, err := redis.Open(ctx, redis.Config{URL: "redis://redis.internal:6379", Key: key, Networks: networks})
//	state, arrival := s.Arrive(key, fresh) // a device comes: is what is known of it here the latest?
//	s.Holds(key)                           // its server has accepted it here: it belongs to this node now
//	s.Changed(key)                         // what is known of it has changed; written soon
//	s.Say(redis.Word{User: "anna"})        // to all other nodes
//	s.Files()                              // small named bytes, with locks
//	s.Close()
//
// Nobody waits for Redis but Arrive, which has 100 ms, and the files. While Redis is gone
// each node goes on alone; when it is back, nodes claim anew what they hold, and the
// youngest claim wins.
//
// Redis is not believed: values are sealed with a key that it never sees, names of users
// and devices are keyed hashes, and sizes are bounded. It decides nothing about waits
// and knows nothing of what a device has: that is the caller's bytes.
package redis
