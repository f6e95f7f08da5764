package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var someColumns = []column{{head: "NAME"}, {head: "KIND", spare: true}, {head: "N", figure: true}, {head: "WHEN", spare: true}, {head: "SAYS"}}

func someRows() [][]cell {
	return [][]cell{words("anna", "iPhone", "7", "noon", "nothing that would be worth more than one line of a terminal"), words("jörg", "", "1200", "now", "ok")}
}

func TestATableHasFiguresAtTheRightAndNoBlanksBehindALine(t *testing.T) {
	var out bytes.Buffer
	if err := (paper{Writer: &out}).printTable(someColumns, someRows()); err != nil {
		t.Fatal(err)
	}
	const want = `NAME  KIND       N  WHEN  SAYS
anna  iPhone     7  noon  nothing that would be worth more than one line of a terminal
jörg  -       1200  now   ok
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

func TestWhereATerminalIsNarrowColumnsAreLeftOutAndTheLastOneIsCut(t *testing.T) {
	for width, want := range map[int]string{
		60: "NAME  KIND       N  WHEN  SAYS\nanna  iPhone     7  noon  nothing that would be worth more …\njörg  -       1200  now   ok\n",
		46: "NAME  KIND       N  SAYS\nanna  iPhone     7  nothing that would be wor…\njörg  -       1200  ok\n(too narrow for WHEN)\n",
		30: "NAME     N  SAYS\nanna     7  nothing that woul…\njörg  1200  ok\n(too narrow for WHEN, KIND)\n",
		5:  "NAME     N  SAYS\nanna     7  …\njörg  1200  …\n(too narrow for WHEN, KIND)\n",
	} {
		var out bytes.Buffer
		if err := (paper{Writer: &out, width: width}).printTable(someColumns, someRows()); err != nil {
			t.Fatal(err)
		}
		if width == 5 {
			want = strings.Replace(want, "SAYS", "…", 1)
		}
		if out.String() != want {
			t.Errorf("%d wide, got\n%s", width, out.String())
		}
	}
}

func TestColoursAreForATerminalWhoseOwnerWantsThem(t *testing.T) {
	screen, terminal := openTerminal(t)
	defer screen.Close()
	defer terminal.Close()
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 91}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	if p := paperOf(terminal); !p.colour || p.width != 91 || p.tint(bad, "lost") != "\x1b[31mlost\x1b[0m" {
		t.Errorf("a terminal: %+v", p)
	}
	t.Setenv("TERM", "dumb")
	if paperOf(terminal).colour {
		t.Error("a dumb terminal has colours")
	}
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	if p := paperOf(terminal); p.colour || p.width != 91 || p.tint(bad, "lost") != "lost" {
		t.Errorf("NO_COLOR: %+v", p)
	}
	t.Setenv("NO_COLOR", "")
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if p := paperOf(file); p.colour || p.width != 0 {
		t.Errorf("a file: %+v", p)
	}
}
