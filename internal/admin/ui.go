package admin

import (
	"embed"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// bundle is what `make ui` made of ui/src. Without it there is one file in it that is
// not served, since go:embed wants one.
//
//go:embed all:ui/dist
var bundle embed.FS

// uiTypes are the files of the dashboard. Nothing else in the directory is served, and
// no type is taken from a table of the machine's.
var uiTypes = map[string]string{
	"index.html": "text/html; charset=utf-8",
	"app.js":     "text/javascript; charset=utf-8",
	"app.css":    "text/css; charset=utf-8",
	"icon.svg":   "image/svg+xml",
}

// uiPolicy lets the dashboard run its own files and ask its own origin, and nothing
// else: what a phone calls itself is shown there, and must stay text whatever it says.
// Charts are styled by script through the object model, which style-src does not forbid.
const uiPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// dashboard puts the dashboard before all else: its files say nothing of the fleet, and
// a browser cannot send a token before there is a page that asks for it. What the page
// then wants to know it asks /api/v1/ for, with the token.
func dashboard(dist fs.FS, next http.Handler) http.Handler {
	_, err := fs.Stat(dist, "index.html")
	built := err == nil
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.HandleFunc("GET /ui/", func(w http.ResponseWriter, r *http.Request) { uiFile(w, r, dist, built) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Scripts that look at / want the list that has always been there.
		person := strings.Contains(r.Header.Get("Accept"), "text/html")
		if built && person && r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			w.Header().Set("Vary", "Accept")
			http.Redirect(w, r, "/ui/", http.StatusFound)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func uiFile(w http.ResponseWriter, r *http.Request, dist fs.FS, built bool) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/ui")
	name = strings.TrimPrefix(name, "/")
	if name == "" {
		name = "index.html"
	}
	kind, known := uiTypes[name]
	switch {
	case !known:
		say(w, http.StatusNotFound, "there is no "+r.URL.Path+": the dashboard is /ui/\n")
		return
	case !built:
		w.Header().Set("Content-Type", uiTypes["index.html"])
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, notBuilt)
		return
	}
	w.Header().Set("Content-Security-Policy", uiPolicy)
	w.Header().Set("Content-Type", kind)
	http.ServeFileFS(w, r, dist, name)
}

// notBuilt is what a build by plain `go build` says.
const notBuilt = `<!DOCTYPE html>
<html lang="en">
<title>diastole</title>
<h1>The dashboard is not in this build</h1>
<p>A plain <code>go build</code> leaves it out, since it is made by Node. In the source, with Node 18 or later:
<pre>make build</pre>
<p>Releases have it. All that it shows is there without it too: <a href="/">what is here</a>.
</html>
`

// uiFiles are those of this build.
func uiFiles() fs.FS {
	dist, err := fs.Sub(bundle, "ui/dist")
	if err != nil {
		panic(err) // the name is no path: a mistake of this line
	}
	return dist
}
