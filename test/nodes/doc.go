// Package nodes looks at several diastoles in front of one server, as phones and the
// server see them: real binaries, a real redis-server, phones that move between the nodes
// at random while nodes and Redis are killed, halted and started again.
//
//	go test -run PhonesMove -v ./test/nodes                     # 40 s
//	DIASTOLE_SOAK=5m go test -run PhonesMove -timeout 1h -v ./test/nodes
//
// What it demands: no change is lost, the server sees one wait of a device at most 5 s
// after it moved (while Redis is there), and all nodes have learned the same.
package nodes
