package config

import (
	"os"
	"path/filepath"
)

const wantState = "write the path of a file for the database, for example /var/lib/diastole/state.db"

// stateFile takes the path of a file that may not exist yet, in a directory that
// does: the file is made by the program, a directory with the right owner is not.
var stateFile = codec[string]{
	read: func(n node) (string, error) {
		if err := n.expect(text, wantState); err != nil {
			return "", err
		}
		if n.text == "" {
			return "", n.fault("empty", wantState+", or remove the key")
		}
		path := n.src.path(n.text)
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return "", n.fault(errNotAFile.Error(), wantState)
		}
		beside := ""
		if path != n.text {
			beside = ", looked for " + n.src.there
		}
		info, err := os.Stat(filepath.Dir(path))
		switch {
		case err != nil:
			return "", n.fault("its directory: "+reason(err)+beside, "make the directory, and let diastole write to it")
		case !info.IsDir():
			return "", n.fault("its directory is a file"+beside, wantState)
		}
		return path, nil
	},
	show: quoted,
}
