package private

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A find is a line in which somebody is named.
type find struct {
	file string
	line int
	of   string
	text string
}

func (f find) String() string {
	return fmt.Sprintf("%s:%d: %s: %.300s", f.file, f.line, f.of, f.text)
}

// longest is how long a line may be: a panic with its stacks is one.
const longest = 4 << 20

// search reads a file to its end, and notes what of alive it has seen.
func search(file string, planted []sign, seen map[string]bool) (found []find, lines int, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, longest)
	for scan.Scan() {
		lines++
		for _, text := range alive {
			seen[text] = seen[text] || strings.Contains(scan.Text(), text)
		}
		lower := strings.ToLower(scan.Text())
		for _, s := range planted {
			if s.in(scan.Text(), lower) {
				found = append(found, find{file, lines, s.of, scan.Text()})
			}
		}
	}
	return found, lines, scan.Err()
}

// output are the files in a directory and below it.
func output(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, name)
		}
		return err
	})
	return files, err
}

// plain are tests that set log.users: plain on purpose: their files begin so. They name
// users, and show that this can be found.
//
// Two more keep nothing. The tests of deploy/fail2ban (cmd/diastole) write names in plain,
// to see that nobody gets another banned by what he calls himself, and are left out where
// fail2ban is not installed. Those of test/install run what a package has installed, at
// which no phone signs in.
var plain = []string{
	"TestAfterARestartItKnowsWhatThePhonesHave-", "TestForgettingAUserLeavesNothingAnywhere-",
	"TestKillingItLosesTheHeldWaitsAndNothingElse-", "TestDevicesAndAdviseShowThePhonesThatCame-", "TestAfterARestartItKnowsWhatItKnew-",
	"TestUsersAreLoggedInPlainWhereThatIsWanted-", "TestWhereNamesAreWrittenInPlainNothingIsMasked-",
}

// alive are texts without which nothing was looked at: lines of both kinds, and a page.
var alive = []string{`"msg":"wait begins"`, `"msg":"wait ends"`, `"msg":"request"`, "diastole_waits_total{", "diastole_build_info{"}

// judge says what is wrong with the output in a directory.
func judge(dir string) (faults []string, lines int, err error) {
	files, err := output(dir)
	if err != nil {
		return nil, 0, err
	}
	planted, named, seen := signs(), map[string]bool{}, map[string]bool{}
	for _, file := range files {
		found, n, err := search(file, planted, seen)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", file, err)
		}
		lines += n
		if test, ok := plainTest(file); ok {
			named[test] = named[test] || len(found) > 0
			continue
		}
		for _, f := range found {
			faults = append(faults, f.String())
		}
	}
	for _, text := range alive {
		if !seen[text] {
			faults = append(faults, fmt.Sprintf("%s: %s is nowhere in %d files: what the tests say does not get here", dir, text, len(files)))
		}
	}
	for _, test := range plain {
		if !named[test] {
			faults = append(faults, fmt.Sprintf("%s: %s writes users in plain, and none was found: this search finds nothing", dir, test))
		}
	}
	return faults, lines, nil
}

// plainTest is the one among plain that a file is of.
func plainTest(file string) (test string, ok bool) {
	for _, test := range plain {
		if strings.HasPrefix(filepath.Base(file), test) {
			return test, true
		}
	}
	return "", false
}
