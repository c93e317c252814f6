package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/api"
)

// contentSecurityPolicy lets the console run its own script and call its own origin, and
// nothing else. See infra/adr/0042-the-console-mediates-tokens.md.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// static has the files of the console, which `go run ./scripts/bundle` writes.
//
//go:embed static
var static embed.FS

type asset struct {
	text        []byte
	compressed  []byte // with gzip
	contentType string
	sum         string
}

// assets are the console's files by name.
type assets map[string]asset

func staticFiles() (assets, error) {
	all := assets{}
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		text, err := static.ReadFile("static/" + entry.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		all[entry.Name()] = asset{
			text: text, compressed: compress(text), contentType: mime.TypeByExtension(filepath.Ext(entry.Name())), sum: hex.EncodeToString(sum[:16]),
		}
	}
	return all, nil
}

func compress(text []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = w.Write(text)                                  // it writes to memory
	_ = w.Close()
	return b.Bytes()
}

// shell serves the page of the console. It is the same for everybody.
func (a assets) shell(w http.ResponseWriter, r *http.Request) { a.serve(w, r, "index.html") }

func (a assets) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	if _, ok := a[name]; !ok || name == "index.html" {
		respondProblem(w, r, api.Refuse(http.StatusNotFound, "path not found"))
		return
	}
	a.serve(w, r, name)
}

// serve sends a file. The browser keeps it, and asks each time whether it has changed.
func (a assets) serve(w http.ResponseWriter, r *http.Request, name string) {
	file := a[name]
	setPolicy(w)
	body, etag, zipped := file.text, `"`+file.sum+`"`, acceptsGzip(r.Header.Get("Accept-Encoding"))
	if zipped {
		body, etag = file.compressed, `"`+file.sum+`-gzip"`
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Vary", "Accept-Encoding")
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if zipped {
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.Header().Set("Content-Type", file.contentType)
	_, _ = w.Write(body) // an error means that the client has left
}

// acceptsGzip reports whether a header Accept-Encoding names gzip with a weight above zero.
func acceptsGzip(header string) bool {
	for encoding := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(encoding, " ", ""), ";q=")
		if strings.EqualFold(name, "gzip") {
			return strings.Trim(weight, "0.") != "" || weight == ""
		}
	}
	return false
}

func setPolicy(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", contentSecurityPolicy)
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
}

// continuePage continues to the console, as a navigation from this site.
const continuePage = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
	`<meta http-equiv="refresh" content="0;url=/console"><title>Strongroom</title>` +
	`<link rel="stylesheet" href="/console/assets/app.css"><main><p>You are signed in. <a href="/console">Continue</a></p></main></html>`

var errorTemplate = template.Must(template.New("error").Parse(`<!doctype html><html lang="en"><meta charset="utf-8">` +
	`<meta name="viewport" content="width=device-width"><title>Strongroom</title><link rel="stylesheet" href="/console/assets/app.css">` +
	`<main><h1>You are not signed in</h1><p>{{.Detail}}</p><p><code>{{.Code}}</code></p><p><a href="/console">Sign in</a></p></main></html>`))

// errorPage returns a page that shows a problem.
func errorPage(p *api.Problem) string {
	var text strings.Builder
	_ = errorTemplate.Execute(&text, p) // it writes to memory
	return text.String()
}

func writePage(w http.ResponseWriter, status int, text string) {
	setPolicy(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // an error means that the client has left
}
