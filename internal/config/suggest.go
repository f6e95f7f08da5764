package config

import (
	"slices"
	"strings"
	"unicode"
)

// vocabulary is the paths of a table: "listen", "tls.cert".
type vocabulary []string

// names are the keys of a section without its name; for "", all of the table, its
// first words.
func (v vocabulary) names(section string) []string {
	var all []string
	for _, path := range v {
		name, ok := path, true
		if section != "" {
			name, ok = strings.CutPrefix(path, section+".")
		}
		if name, _, _ = strings.Cut(name, "."); ok && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func (v vocabulary) isSection(path string) bool { return len(v.names(path)) > 0 }

// suggestion is the way out of an unknown key: the key that was probably meant,
// or all that could stand there. base is where the table stands in the file.
func (v vocabulary) suggestion(base, path string) string {
	section, name := "", path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		section, name = path[:i], path[i+1:]
	}
	for _, guess := range []func() string{
		func() string { return v.nearest(path, max(1, len(name)/3)) },
		func() string { return v.sameBeginning(section, name) },
		func() string { return v.elsewhere(name) },
	} {
		if key := guess(); key != "" {
			return "did you mean " + join(base, key) + "?"
		}
	}
	return "the keys here are: " + strings.Join(v.names(section), ", ")
}

// nearest is the key with the fewest slips of the pen, at most limit of them. It
// looks at letters alone, so tokenFile, token-file and log_level find theirs.
func (v vocabulary) nearest(path string, limit int) string {
	best, at := "", limit+1
	for _, known := range v {
		for candidate := known; candidate != ""; candidate = sectionOf(candidate) {
			if d := slips(letters(path), letters(candidate)); d < at {
				best, at = candidate, d
			}
		}
	}
	return best
}

// sameBeginning finds cert for certificate and certfile, and location_hosts for location.
func (v vocabulary) sameBeginning(section, name string) string {
	const enough = 3
	for _, n := range v.names(section) {
		if min(len(n), len(name)) >= enough && (strings.HasPrefix(n, name) || strings.HasPrefix(name, n)) {
			return join(section, n)
		}
	}
	return ""
}

// elsewhere finds a key that was written in the wrong section: cert for tls.cert.
func (v vocabulary) elsewhere(name string) string {
	found := ""
	for _, known := range v {
		// admin.tls.cert, behind tls.cert, makes nobody doubt which is meant.
		if strings.HasSuffix(known, "."+name) && (found == "" || !strings.HasSuffix(known, "."+found)) {
			if found != "" {
				return "" // "listen", "trusted": no telling which
			}
			found = known
		}
	}
	return found
}

// sectionOf is the section that a key or a section stands in, "" for none.
func sectionOf(path string) string {
	return path[:max(0, strings.LastIndexByte(path, '.'))]
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// slips is the Levenshtein distance, two rows at a time.
func slips(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			swap := diagonal
			if a[i] != b[j] {
				swap++
			}
			diagonal = row[j+1]
			row[j+1] = min(swap, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
