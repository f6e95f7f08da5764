package diastole

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The Dockerfile is held without an engine: what it copies must be there, what
// it builds must run where there is no libc, and nobody runs it as root.

func TestTheImageIsMadeOfWhatIsThere(t *testing.T) {
	for _, fault := range imageFaults(read(t, "Dockerfile"), read(t, ".dockerignore"), func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	}) {
		t.Error(fault)
	}
}

func imageFaults(dockerfile, ignore string, there func(string) bool) (faults []string) {
	for _, line := range regexp.MustCompile(`(?m)^COPY +([^-\n].*)$`).FindAllStringSubmatch(dockerfile, -1) {
		words := strings.Fields(line[1])
		for _, name := range words[:len(words)-1] {
			if !there(name) {
				faults = append(faults, fmt.Sprintf("Dockerfile: COPY %s: there is no such file", name))
			}
			if name != "." && regexp.MustCompile(`(?m)^/?`+regexp.QuoteMeta(name)+`/?$`).MatchString(ignore) {
				faults = append(faults, fmt.Sprintf("Dockerfile: COPY %s: .dockerignore leaves it out", name))
			}
		}
	}
	built := firstMatch(`go build .* -o (\S+)`, dockerfile)
	if copied := firstMatch(`(?m)^COPY --from=build (\S+)`, dockerfile); copied != built {
		faults = append(faults, fmt.Sprintf("Dockerfile: builds %q and copies %q", built, copied))
	}
	last := dockerfile[strings.LastIndex(dockerfile, "\nFROM "):]
	if !regexp.MustCompile(`(?m)^FROM \S*/distroless/static\S*$`).MatchString(last) {
		faults = append(faults, "Dockerfile: the image must be distroless/static: a shell in it serves only an intruder")
	}
	if user := firstMatch(`(?m)^USER (\S+)$`, last); user == "" || user == "root" || user == "0" {
		faults = append(faults, fmt.Sprintf("Dockerfile: USER %q: name one that is not root", user))
	}
	return faults
}

func firstMatch(pattern, text string) string {
	if found := regexp.MustCompile(pattern).FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

func TestAnImageThatCannotBeMadeIsRefused(t *testing.T) {
	const good = "FROM golang AS build\nCOPY go.mod ./\nRUN CGO_ENABLED=0 go build -x -o /d ./cmd\n\nFROM gcr/distroless/static:x\nCOPY --from=build /d /d\nUSER nonroot\n"
	for _, c := range []struct{ name, from, to, ignore, want string }{
		{"nothing wrong", "", "", "", ""},
		{"a file that is not there", "COPY go.mod", "COPY go.mod gone.txt", "", "COPY gone.txt: there is no such file"},
		{"a file left out", "", "", "bin\ngo.mod\n", ".dockerignore leaves it out"},
		{"another binary", "--from=build /d", "--from=build /e", "", `builds "/d" and copies "/e"`},
		{"a base with a shell", "gcr/distroless/static:x", "debian:12", "", "must be distroless/static"},
		{"root", "USER nonroot", "USER root", "", `USER "root"`},
		{"nobody named", "USER nonroot\n", "", "", `USER ""`},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults := imageFaults(strings.Replace(good, c.from, c.to, 1), c.ignore, func(name string) bool { return name == "go.mod" })
			if got := strings.Join(faults, "\n"); c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("faults %q, want %q", got, c.want)
			}
		})
	}
}

// The command in the Dockerfile is run as it stands there. A binary with an
// interpreter asks for ld-linux.so, which distroless/static does not have: the
// container would end with "no such file or directory".
func TestTheImageHoldsAStaticBinaryThatKnowsItsCommand(t *testing.T) {
	dockerfile := read(t, "Dockerfile")
	binary := filepath.Join(t.TempDir(), "diastole")
	command := firstMatch(`(?m)^RUN (CGO_ENABLED=0 go build .*)$`, dockerfile)
	command = strings.Replace(command, " -o "+firstMatch(`-o (\S+)`, command), " -o "+binary, 1)
	if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	if err := static(binary); err != nil {
		t.Error(err)
	}
	// Without its file it must say so; a command line that makes no sense would be exit code 2.
	args := regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(firstMatch(`(?m)^CMD \[(.*)\]$`, dockerfile), -1)
	var words []string
	for _, arg := range args {
		words = append(words, arg[1])
	}
	out, _ := exec.Command(binary, words...).CombinedOutput()
	if !strings.Contains(string(out), "/etc/diastole/diastole.yaml") {
		t.Errorf("diastole %s says %q, want a word about its missing file", strings.Join(words, " "), out)
	}
}

func static(binary string) error {
	f, err := elf.Open(binary)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("%s asks for a dynamic linker", binary)
		}
	}
	if libraries, _ := f.ImportedLibraries(); len(libraries) > 0 {
		return fmt.Errorf("%s needs %v", binary, libraries)
	}
	return nil
}

func TestADynamicBinaryIsNotTakenForStatic(t *testing.T) {
	if err := static("/bin/sh"); err == nil {
		t.Error("/bin/sh is said to be static")
	}
}
