package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is the version of a release build, set by
// -ldflags "-X main.release=v0.1.0". Otherwise the go command knows.
var release string

// build is what this binary was made from.
type build struct {
	version  string // v0.1.0, or "(devel)"
	commit   string // "unknown" outside a repository
	time     string // of the commit
	modified bool   // the tree had changes that are in no commit
}

func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return buildOf(info, release)
}

func buildOf(info *debug.BuildInfo, release string) build {
	b := build{version: release, commit: "unknown"}
	if b.version == "" {
		b.version = info.Main.Version
	}
	if b.version == "" {
		b.version = "(devel)"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value
		case "vcs.time":
			b.time = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	return b
}

// String is what a bug report should hold.
func (b build) String() string {
	commit := b.commit
	if b.modified {
		commit += ", with changes"
	}
	if b.time != "" {
		commit += ", " + b.time
	}
	return fmt.Sprintf("diastole %s\ncommit %s\n%s %s/%s\n", b.version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

type versionCmd struct{}

// Run is the command.
func (versionCmd) Run(s streams) error {
	_, err := fmt.Fprint(s.out, thisBuild())
	return err
}
