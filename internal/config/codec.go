package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// codec turns a node into a setting and back.
type codec[T any] struct {
	read func(node) (T, error)
	show func(T) string // as YAML that read takes again, in a line or, begun by a line end, in several
}

// wordOf takes one of a few values by their names.
func wordOf[T fmt.Stringer](values ...T) codec[T] {
	var words []string
	for _, v := range values {
		words = append(words, v.String())
	}
	return codec[T]{
		read: func(n node) (value T, err error) {
			word, err := oneOf(words...).read(n)
			if err == nil {
				value = values[slices.Index(words, word)]
			}
			return value, err
		},
		show: func(value T) string { return quoted(value.String()) },
	}
}

// oneOf takes one of a few words.
func oneOf(words ...string) codec[string] {
	want := "write one of: " + strings.Join(words, ", ")
	return codec[string]{
		read: func(n node) (string, error) {
			if err := n.expect(text, want); err != nil {
				return "", err
			}
			if !slices.Contains(words, n.text) {
				return "", n.fault("not one of the choices", want)
			}
			return n.text, nil
		},
		show: quoted,
	}
}

// listOf takes a list of what each reads. The remedy for a single value is the
// same value in brackets, because that is what it nearly always should have been.
func listOf[T any](each codec[T], want string) codec[[]T] {
	return codec[[]T]{
		read: func(n node) ([]T, error) {
			if err := n.expect(list, want); err != nil {
				return nil, err
			}
			all := make([]T, 0, len(n.items))
			for _, item := range n.items {
				one, err := each.read(item)
				if err != nil {
					return nil, err
				}
				all = append(all, one)
			}
			return all, nil
		},
		show: func(all []T) string {
			parts := make([]string, 0, len(all))
			for _, one := range all {
				parts = append(parts, each.show(one))
			}
			return "[" + strings.Join(parts, ", ") + "]"
		},
	}
}

// protocols is tls.alpn: some of the two we speak, each once.
var protocols = codec[[]string]{
	read: func(n node) ([]string, error) {
		const want = "write a list, for example [http/1.1] or [h2, http/1.1]"
		all, err := listOf(oneOf("http/1.1", "h2"), want).read(n)
		switch {
		case err != nil:
			return nil, err
		case len(all) == 0:
			return nil, n.fault("an empty list", want)
		case len(all) == 2 && all[0] == all[1] || len(all) > 2:
			return nil, n.fault("the same protocol twice", want)
		}
		return all, nil
	},
	show: listOf(oneOf(), "").show,
}

// yesNo takes true or false and no other word for it, as YAML 1.2 has it.
var yesNo = codec[bool]{
	read: func(n node) (bool, error) {
		if err := n.expect(boolean, "write true or false, without quotes"); err != nil {
			return false, err
		}
		return strings.EqualFold(n.text, "true"), nil
	},
	show: strconv.FormatBool,
}

// wholeNumber takes a number from low to high, in decimal digits alone. YAML knows
// 0o17, 0x1f, 1_000 and 1e3 too, and 017 is 15 to some readers and 17 to others.
func wholeNumber(low, high int) codec[int] {
	want := fmt.Sprintf("write a whole number from %d to %d", low, high)
	return codec[int]{
		read: func(n node) (int, error) {
			if err := n.expect(number, want); err != nil {
				return 0, err
			}
			v, err := strconv.Atoi(n.text)
			switch {
			case err != nil || strconv.Itoa(v) != n.text:
				return 0, n.fault("not a plain whole number", want)
			case v < 0:
				return 0, n.fault("less than nothing", want)
			case v < low:
				return 0, n.fault(fmt.Sprintf("less than %d", low), want)
			case v > high:
				return 0, n.fault(fmt.Sprintf("more than %d", high), want)
			}
			return v, nil
		},
		show: strconv.Itoa,
	}
}

// longestDrain bounds drain: whoever stops a daemon wants it to stop, and a
// "25m" that should have been "25s" shows here and not in the next update.
const longestDrain = time.Hour

// lengthOfTime takes a duration from low to high.
func lengthOfTime(low, high time.Duration) codec[time.Duration] {
	return codec[time.Duration]{
		read: func(n node) (time.Duration, error) { return readTime(n, low, high) },
		show: shortTime,
	}
}

func readTime(n node, low, high time.Duration) (time.Duration, error) {
	const want = "write a length of time with its unit, for example 25s or 1m30s"
	if err := n.expect(text, want); err != nil {
		return 0, err
	}
	d, err := time.ParseDuration(n.text)
	switch {
	case err != nil:
		return 0, n.fault("not a length of time", want)
	case d < 0:
		return 0, n.fault("less than nothing", want)
	case d < low:
		return 0, n.fault("shorter than "+shortTime(low), want)
	case d > high:
		return 0, n.fault("longer than "+shortTime(high), want)
	}
	return d, nil
}

// shortTime is a duration as people write it: 1h, not 1h0m0s.
func shortTime(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// quoted is a text in YAML's double quotes. Go's quoting is a part of YAML's,
// and always to quote spares us YAML's list of words that are not texts.
func quoted(s string) string { return strconv.Quote(s) }
