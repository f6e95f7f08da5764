package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// paper is where a table is written.
type paper struct {
	io.Writer
	width  int  // letters in a line; 0: as many as there are
	colour bool // whoever reads it sees colours
}

// paperOf is standard output: a terminal has a width, and colours unless NO_COLOR or
// TERM=dumb says otherwise (no-color.org).
func paperOf(f *os.File) paper {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return paper{Writer: f}
	}
	return paper{f, int(size.Col), colours(f)}
}

func colours(f *os.File) bool { return obeys(f) && os.Getenv("NO_COLOR") == "" }

// obeys says whether control sequences do something at f: a dumb terminal, such as the
// shell of an editor, shows them as letters.
func obeys(f *os.File) bool { return isTerminal(f) && os.Getenv("TERM") != "dumb" }

// A tone is a colour (ECMA-48 8.3.117, SGR) with a meaning; what it says stands in the words too.
type tone string

const (
	plain tone = ""
	bold  tone = "1"
	dim   tone = "2"
	bad   tone = "31"
	good  tone = "32"
	warn  tone = "33"
)

func (p paper) tint(t tone, text string) string {
	if !p.colour || t == plain || text == "" {
		return text
	}
	return "\x1b[" + string(t) + "m" + text + "\x1b[0m"
}

// column is one of a table.
type column struct {
	head   string
	figure bool // stands at the right
	spare  bool // left out, the last one first, where the terminal is too narrow
}

type cell struct {
	text string
	tone tone
}

func words(texts ...string) (row []cell) {
	for _, text := range texts {
		row = append(row, cell{text: text})
	}
	return row
}

// least is how many letters the last column must have before others are left out.
const least = 24

// printTable writes rows below their heads. The last column takes what is left of the
// line: what stands there is cut, since a line that wraps destroys all columns.
func (p paper) printTable(columns []column, rows [][]cell) error {
	for _, row := range rows {
		for i := range row {
			row[i].text = shown(row[i].text)
		}
	}
	columns, rows, missing := p.fitted(columns, rows)
	wide, last := widths(columns, rows), len(columns)-1
	if p.width > 0 {
		wide[last] = max(min(wide[last], p.width-total(wide[:last])), 1)
	}
	heads := make([]cell, len(columns))
	for i, c := range columns {
		heads[i] = cell{c.head, bold}
	}
	for _, row := range append([][]cell{heads}, rows...) {
		if err := p.line(columns, wide, row); err != nil {
			return err
		}
	}
	if missing != nil {
		_, err := fmt.Fprintln(p, p.tint(dim, "(too narrow for "+strings.Join(missing, ", ")+")"))
		return err
	}
	return nil
}

func (p paper) line(columns []column, wide []int, row []cell) error {
	var line strings.Builder
	for i, c := range row {
		text := cut(c.text, wide[i])
		blanks := strings.Repeat(" ", wide[i]-utf8.RuneCountInString(text))
		switch {
		case columns[i].figure:
			line.WriteString(blanks + p.tint(c.tone, text))
		case i == len(row)-1:
			line.WriteString(p.tint(c.tone, text))
		default:
			line.WriteString(p.tint(c.tone, text) + blanks)
		}
		if i < len(row)-1 {
			line.WriteString("  ")
		}
	}
	_, err := fmt.Fprintln(p, line.String())
	return err
}

// fitted leaves out columns until the last one has room.
func (p paper) fitted(columns []column, rows [][]cell) (kept []column, cells [][]cell, missing []string) {
	kept, cells = slices.Clone(columns), slices.Clone(rows)
	for p.width > 0 {
		wide, last := widths(kept, cells), len(kept)-1
		if total(wide[:last])+min(wide[last], least) <= p.width {
			break
		}
		spare := last
		for spare >= 0 && !kept[spare].spare {
			spare--
		}
		if spare < 0 {
			break
		}
		missing = append(missing, kept[spare].head)
		kept = slices.Delete(kept, spare, spare+1)
		for i := range cells {
			cells[i] = slices.Delete(slices.Clone(cells[i]), spare, spare+1) // the row is the caller's
		}
	}
	return kept, cells, missing
}

// total is what columns take with the two blanks behind each.
func total(wide []int) (n int) {
	for _, w := range wide {
		n += w + 2
	}
	return n
}

func widths(columns []column, rows [][]cell) []int {
	wide := make([]int, len(columns))
	for i, c := range columns {
		wide[i] = utf8.RuneCountInString(c.head)
		for _, row := range rows {
			wide[i] = max(wide[i], utf8.RuneCountInString(row[i].text))
		}
	}
	return wide
}

// widest is how much of a cell is shown. Devices choose their names: one that is a
// line long would push everybody's columns off the screen.
const widest = 80

func shown(text string) string {
	if text = harmless(text); text == "" {
		return "-"
	}
	return cut(text, widest)
}

func cut(text string, most int) string {
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return text
}
