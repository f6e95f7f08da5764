package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHealthSaysWhetherNewPhonesMayCome(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("0123456789abcdef0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--config", configFile(t, server.URL, "admin: {listen: 127.0.0.1:0, token_file: "+token+"}\ndrain: 1h\n"))
	admin := "http://" + p.address("admin")
	runProgram(t, "", "health", "--admin", admin, "--token-file", token).is(t, outcome{exitOK, "ready\n", ""})
	runProgram(t, "", "health", "--live", "--admin", admin, "--token-file", token).is(t, outcome{exitOK, "alive\n", ""})
	want := "diastole: " + admin + " wants a token: give --token-file FILE, the file of its admin.token_file\n"
	runProgram(t, "", "health", "--admin", admin).is(t, outcome{exitError, "", want})

	slow := getLater(t, "https://"+p.address("edge")+"/slow")
	<-server.slow
	p.signal(unix.SIGTERM)
	p.await(1, "", "draining")
	want = "diastole: " + admin + " is not ready: draining: this process is about to stop\n"
	runProgram(t, "", "health", "--admin", admin, "--token-file", token).is(t, outcome{exitError, "", want})
	runProgram(t, "", "health", "--live", "--admin", admin, "--token-file", token).is(t, outcome{exitOK, "alive\n", ""})
	close(server.release)
	<-slow
	p.exit(0)
	want = "diastole: nobody listens at " + admin + "; is diastole running there, and is this its admin.listen? Otherwise give --admin URL\n"
	runProgram(t, "", "health", "--admin", admin).is(t, outcome{exitError, "", want})
}
