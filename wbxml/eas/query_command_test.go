package eas

import (
	"testing"
)

func TestAQueryWithAnotherCommandIsTheSameInAllElse(t *testing.T) {
	for _, query := range []string{
		"Cmd=Ping&User=anna&DeviceId=d1&DeviceType=iPhone",
		"User=100%&DeviceId=a;b&DeviceType=x&Cmd=ping",
		"User=anna&Cmd=Sync&Cmd=Ping&DeviceId=d1&DeviceType=t",
		"%43md=Ping&DeviceId=d1&DeviceType=t&User=a+b@example.com",
		"jRIJBAJEMQQAAAAAClRlc3RDbGllbnQ=", // Ping of the device D1, as SOGo takes it
	} {
		was, err := ParseQuery(query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		other, ok := WithCommand(query, CommandGetItemEstimate)
		is, err := ParseQuery(other)
		if !ok || err != nil {
			t.Fatalf("%s became %s: %v", query, other, err)
		}
		if is.Command != CommandGetItemEstimate {
			t.Errorf("%s became %s, a %v", query, other, is.Command)
		}
		is.Command, is.CommandName = was.Command, was.CommandName
		if is != was {
			t.Errorf("%s became %s:\n%+v\nwant\n%+v", query, other, is, was)
		}
	}
	if other, ok := WithCommand("DeviceId=d1", CommandPing); ok {
		t.Errorf("a query without a command became %s", other)
	}
}
