package reviewpage

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/configreview"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
)

// ErrNotRecorded is the error of a person who decides not to record the review.
var ErrNotRecorded = errors.New("the review is not recorded")

// Limits of the page.
const (
	maxFindings = 500 // the most waivers that a review has
	maxEntries  = 1000
	maxForm     = 1 << 20
)

//go:embed page.html
var pageText string

// page is parsed when a page is served, so that other commands do not wait for it.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{"inc": func(i int) int { return i + 1 }}).Parse(pageText))
})

// Page is the review of a directory as a page.
type Page struct {
	Review    configreview.Review
	Workspace string
	Record    func(context.Context, configreview.Review) error // records a review without open findings
	Announce  func(url string)                                 // shows the person where the page is

	host   string
	token  string
	cookie string
	mu     sync.Mutex // guards Review and used
	used   bool       // the token
	ended  chan error
}

// Serve serves the page until somebody decides or ctx ends. It returns nil if the review
// is recorded.
func (p *Page) Serve(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve the review: %w", err)
	}
	p.host, p.token, p.cookie, p.ended = listener.Addr().String(), rand.Text(), rand.Text(), make(chan error, 1)
	server := &http.Server{Handler: p.handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	p.Announce("http://" + p.host + "/open/" + p.token)
	select {
	case err = <-p.ended:
	case err = <-served:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // so that the last page arrives
	defer cancel()
	_ = server.Shutdown(closing) // the process ends anyway
	return err
}

func (p *Page) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /open/{token}", p.open)
	mux.HandleFunc("GET /{$}", p.signedIn(p.show))
	mux.HandleFunc("GET /file", p.signedIn(p.file))
	mux.HandleFunc("POST /record", p.signedIn(p.record))
	mux.HandleFunc("POST /cancel", p.signedIn(p.cancel))
	sameOrigin := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", policy(""))
		if r.Host != p.host {
			http.Error(w, "this page has another address", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		sameOrigin.ServeHTTP(w, r)
	})
}

// policy allows the page's own style and its own forms only.
func policy(nonce string) string {
	style := "'none'"
	if nonce != "" {
		style = "'nonce-" + nonce + "'"
	}
	return "default-src 'none'; style-src " + style + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

const cookieName = "strongroom-review"

// open exchanges the token for a cookie, once.
func (p *Page) open(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	valid := !p.used && equal(r.PathValue("token"), p.token)
	p.used = p.used || valid
	p.mu.Unlock()
	if !valid {
		http.Error(w, "this link does not work, or was used already; review again", http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: p.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (p *Page) signedIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie(cookieName); err != nil || !equal(c.Value, p.cookie) {
			http.Error(w, "open the link that the command printed", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

// view is what the template shows.
type view struct {
	Nonce       string
	Review      configreview.Review
	Workspace   string
	Error, Done string
	Open        []configreview.Finding
	Personal    []string // rules that a waiver can accept in every file
	Entries     []configreview.Entry
	MoreEntries int
	File        *configtree.File
	Lines       []string
}

func (p *Page) show(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.showError(w, "")
}

// showError shows the review with an error. The caller holds mu.
func (p *Page) showError(w http.ResponseWriter, text string) {
	v := view{Review: p.Review, Workspace: p.Workspace, Error: text, Open: p.Review.Open()}
	for _, f := range v.Open {
		if f.Kind == findings.Personal && !slices.Contains(v.Personal, f.Rule) {
			v.Personal = append(v.Personal, f.Rule)
		}
	}
	v.Open = v.Open[:min(len(v.Open), maxFindings)]
	for _, e := range p.Review.Entries {
		if e.Change != configreview.Unchanged {
			v.Entries = append(v.Entries, e)
		}
	}
	v.MoreEntries = max(len(v.Entries)-maxEntries, 0)
	v.Entries = v.Entries[:len(v.Entries)-v.MoreEntries]
	write(w, v)
}

func write(w http.ResponseWriter, v view) {
	v.Nonce = rand.Text()
	var body bytes.Buffer
	if err := page().Execute(&body, v); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", policy(v.Nonce))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body.Bytes()) // the browser may have gone
}

// file shows a file that would be uploaded.
func (p *Page) file(w http.ResponseWriter, r *http.Request) {
	files := p.Review.Tree.Files // it never changes
	at := slices.IndexFunc(files, func(f configtree.File) bool { return f.Path == r.FormValue("path") })
	if at < 0 {
		http.NotFound(w, r)
		return
	}
	f := files[at]
	write(w, view{File: &f, Lines: strings.Split(strings.TrimSuffix(string(f.Data), "\n"), "\n")})
}

// record adds the waivers of the form, and records the review if no finding is open.
func (p *Page) record(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form is not valid", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	waivers, err := p.waivers(r)
	if err != nil {
		p.showError(w, err.Error())
		return
	}
	p.Review.Waive(waivers)
	if open := len(p.Review.Open()); open > 0 || len(p.Review.Faults) > 0 || p.Review.Files == 0 {
		p.showError(w, fmt.Sprintf("Open findings: %d. Say why each may be uploaded, or fix it and review again.", open))
		return
	}
	if err := p.Record(r.Context(), p.Review); err != nil {
		p.showError(w, err.Error())
		return
	}
	write(w, view{Done: "The review is recorded."})
	p.end(nil)
}

// waivers returns a waiver for each reason in the form.
func (p *Page) waivers(r *http.Request) (waivers []findings.Waiver, err error) {
	for _, f := range p.Review.Open() {
		w := findings.Waiver{Rule: f.Rule, Path: f.Path, Line: f.Line, Reason: strings.TrimSpace(r.PostFormValue("finding " + f.ID()))}
		if all := strings.TrimSpace(r.PostFormValue("rule " + f.Rule)); w.Reason == "" && f.Kind == findings.Personal && all != "" {
			w = findings.Waiver{Rule: f.Rule, Reason: all}
		}
		if w.Reason == "" || slices.Contains(waivers, w) {
			continue
		}
		if err := w.Check(); err != nil {
			return nil, err
		}
		waivers = append(waivers, w)
	}
	return waivers, nil
}

func (p *Page) cancel(w http.ResponseWriter, _ *http.Request) {
	write(w, view{Done: "Nothing is recorded."})
	p.end(ErrNotRecorded)
}

// end ends Serve, with the first decision.
func (p *Page) end(err error) {
	select {
	case p.ended <- err:
	default:
	}
}
