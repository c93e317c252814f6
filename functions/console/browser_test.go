package console_test

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	logs "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// axe finds violations of WCAG: github.com/dequelabs/axe-core, MPL-2.0.
//
//go:embed testdata/axe.min.js
var axe string

// tab is one tab of a real Chromium. It notes what must not happen in the console.
type tab struct {
	ctx   context.Context
	cloud *cloudtest.Cloud
	last  string // text of the page, when it was read last

	refusals []int // statuses that the browser's log may have

	mu     sync.Mutex
	faults []string
}

// newTab starts Chromium, or skips the test if none exists. In CI there must be one.
func newTab(t testing.TB, c *cloudtest.Cloud, more ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	if cloudtest.RaceDetector {
		t.Skip("a browser is another process, and console_test.go sends its requests, too")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no chromium: install Debian's package")
		}
		t.Skip("skipped: there is no chromium; install Debian's package to run the browser tests")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.WindowSize(1280, 900), chromedp.Flag("disable-dev-shm-usage", true),
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), append(options, more...)...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute) // a busy machine is slow
	t.Cleanup(cancel)
	b := &tab{ctx: ctx, cloud: c, refusals: []int{401, 403, 404}}
	b.do(t, chromedp.Navigate("about:blank"))
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	for _, command := range []cdp.Command[cdp.Empty, cdp.Empty]{audits.Enable, logs.Enable, runtime.Enable} {
		if _, err := chromedp.Call(ctx, command, cdp.Empty{}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// note notes an event that must not happen: a request to another origin, a violation of
// the policy, an exception, or an error in the browser's console.
func (b *tab) note(event any) {
	fault := ""
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, b.cloud.URL+"/") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") && url != "about:blank" {
			fault = "a request to " + url
		}
	case *audits.EventIssueAdded:
		if d := e.Issue.Details.GenericIssueDetails; d != nil && d.ErrorType == "NavigationEntryMarkedSkippable" {
			return // these tests go to pages without a person's click
		}
		fault = fmt.Sprintf("an issue: %s", e.Issue.Code)
		if d := e.Issue.Details.GenericIssueDetails; d != nil {
			fault += fmt.Sprintf(" %s %s", d.ErrorType, d.ViolatingNodeAttribute)
		}
	case *runtime.EventExceptionThrown:
		fault = "an exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			fault += " " + e.ExceptionDetails.Exception.Description
		}
	case *logs.EventEntryAdded:
		expected := slices.ContainsFunc(b.refusals, func(status int) bool { return strings.Contains(e.Entry.Text, fmt.Sprintf("status of %d", status)) })
		if e.Entry.Level == "error" && !expected {
			fault = "the browser's log has: " + e.Entry.Text
		}
	}
	if fault != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fault)
	}
}

// wantNoFaults fails the test if something happened that must not.
func (b *tab) wantNoFaults(t testing.TB) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		t.Error(fault)
	}
}

func (b *tab) do(t testing.TB, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatalf("%v\nthe page has: %s", err, b.text())
	}
}

// text returns the text of the page, for a failure.
func (b *tab) text() string {
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body ? document.body.innerText.slice(0, 2000) : ''"))
	return text
}

// wait waits until an expression is true. Between two pages, there is nothing that could
// evaluate it.
func (b *tab) wait(t testing.TB, expression string) {
	t.Helper()
	cloudtest.Eventually(t, expression, func() bool {
		if b.ctx.Err() != nil {
			t.Fatalf("did not happen: %s\nthe page has: %s\nand what must not happen: %v", expression, b.last, b.faults)
		}
		met, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if text := b.text(); text != "" {
			b.last = text
		}
		return err == nil && met
	})
}

// eval returns the value of an expression.
func eval[T any](t testing.TB, b *tab, expression string) T {
	t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// signIn signs a persona in, through the pages that a person sees.
func (b *tab) signIn(t testing.TB, tn *cloudtest.Tenant, persona string) {
	t.Helper()
	b.signInAs(t, string(tn.ID), persona)
}

// signInAs signs in under a name: a tenant's ID, or platform.
func (b *tab) signInAs(t testing.TB, name, persona string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.cloud.ConsoleURL()))
	b.wait(t, "!!document.querySelector('#tenant')")
	eval[bool](t, b, fmt.Sprintf("document.querySelector('#tenant').value = %q, document.querySelector('form').requestSubmit(), true", name))
	b.wait(t, "location.pathname === '/emulator/oidc/authorize' && !!document.querySelector('a')")
	b.clickOn(t, fmt.Sprintf("[...document.querySelectorAll('a')].find((a) => a.textContent === %q)", persona))
	b.wait(t, "location.pathname === '/console' && !!document.querySelector('header nav')")
}

// open goes to a page of the console.
func (b *tab) open(t testing.TB, tn *cloudtest.Tenant, path, until string) {
	t.Helper()
	eval[bool](t, b, fmt.Sprintf("location.hash = %q, true", "#/"+string(tn.Workspace)+"/"+path))
	b.wait(t, until)
}

// wantAccessible fails the test if axe finds a violation. It writes a screenshot if
// STRONGROOM_SCREENSHOTS names a folder.
func (b *tab) wantAccessible(t testing.TB, name string) {
	t.Helper()
	violations := eval[[]string](t, b, axe+`; axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
		.then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html.slice(0, 120)).slice(0, 3).join(" | ")))`)
	for _, violation := range violations {
		t.Errorf("%s: %s", name, violation)
	}
	if dir := os.Getenv("STRONGROOM_SCREENSHOTS"); dir != "" {
		image, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const hostile = "<img src=x onerror=document.title='run'><script>document.title='run'</script>\u202eevil\x1b[31mred\x1b[0m\x1b]8;;javascript:document.title='run'\x07link"

func TestTheConsoleShowsRunsAndTheirOutput(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	run := cloudtest.NewRun(t)
	var lines bytes.Buffer
	for i := range 120000 {
		fmt.Fprintf(&lines, "line %d of the output\n", i+1)
		if i == 60000 {
			lines.WriteString(hostile + " the first error\n")
		}
	}
	tn.Store(t, run, "stdout.log", lines.Bytes())
	tn.Do(t, "runner", "PUT", tn.RunPath(run), map[string]any{"task": hostile[:60], "start": time.Now().UTC()})

	b.signIn(t, tn, "viewer")
	b.wait(t, "document.body.innerText.includes('Newest runs') && !document.querySelector('.loading-block')")
	b.wantAccessible(t, "overview")
	b.open(t, tn, "runs", "!!document.querySelector('table a')")
	b.wantAccessible(t, "runs")
	b.open(t, tn, "runs/"+run, "document.body.innerText.includes('stdout.log')")
	b.wantAccessible(t, "run")
	b.open(t, tn, "runs/"+run+"/stdout.log", "document.querySelector('log-view').innerText.includes('the first error')")
	b.wantAccessible(t, "output")
	eval[bool](t, b, "document.querySelector('log-view').goToEnd(), true")
	b.wait(t, "document.querySelector('log-view').innerText.includes('line 120000 of the output')")
	eval[bool](t, b, "document.querySelector('log-view').go(59999, true), true")
	b.wait(t, "[...document.querySelectorAll('.log-row')].some((r) => !r.hidden && r.querySelector('.log-number').dataset.n === '60000' && r.innerText.includes('line 60000 of'))")

	b.clickOn(t, "[...document.querySelectorAll('button')].find((x) => x.textContent === 'Next error')")
	b.wait(t, "document.querySelector('log-view').innerText.includes('the first error') && document.querySelector('.log-row.marked .log-number').dataset.n === '60002'")
	eval[bool](t, b, "document.querySelector('log-view').go(60001), true") // from its first column
	if got := eval[string](t, b, "document.querySelector('.log-row.marked').innerText"); !strings.Contains(got, "U+202E") || !strings.Contains(got, "<script>") {
		t.Errorf("the hostile line is shown as %q", got)
	}
	if got := eval[string](t, b, "document.title"); got != "Strongroom" {
		t.Errorf("the title is %q", got)
	}
	b.wantAccessible(t, "error")
	b.wantNoFaults(t)
}

func TestEveryPageOpensForAnAdmin(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	b.signIn(t, tn, "admin")
	for path, text := range map[string]string{
		"overview": "Newest runs", "issues": "Severity", "runs": "Outcome", "slis": "SLIs", "graph": "Graph", "config": "No configuration", "exports": "Exports", "audit": "Audit log", "models": "What was sent", "settings": "Legal holds",
	} {
		b.open(t, tn, path, fmt.Sprintf("document.querySelector('main').innerText.includes(%q) && !document.querySelector('.loading-block')", text))
		if got := eval[string](t, b, "document.querySelector('.fault')?.innerText ?? ''"); got != "" {
			t.Errorf("%s shows %s", path, got)
		}
		b.wantAccessible(t, "admin-"+path)
	}
	b.wantNoFaults(t)
	b.clickOn(t, "[...document.querySelectorAll('button')].find((x) => x.textContent === 'Sign out')")
	b.wait(t, "!!document.querySelector('#tenant')")
}

// The other tests would pass without reading any event. This one makes happen what they
// must not see.
func TestTheTabNotesWhatMustNotHappen(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	b := newTab(t, c)
	b.do(t, chromedp.Navigate(c.ConsoleURL()))
	b.wait(t, "!!document.querySelector('#tenant')")
	b.wantNoFaults(t)
	for name, c := range map[string]struct{ script, want string }{
		"a request to another origin": {"fetch('https://elsewhere.example/').catch(() => {}), true", "ContentSecurityPolicyIssue"},
		"a script in the page":        {"(() => { try { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); } catch {} return true; })()", "ContentSecurityPolicyIssue"},
		"an exception":                {"setTimeout(() => { throw new Error('planned'); }), true", "planned"},
	} {
		eval[bool](t, b, c.script)
		cloudtest.Eventually(t, name, func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			return strings.Contains(strings.Join(b.faults, " "), c.want)
		})
		b.mu.Lock()
		b.faults = nil
		b.mu.Unlock()
	}
	violations := eval[int](t, b, "document.querySelector('label').remove();"+axe+"; axe.run(document).then((r) => r.violations.length)")
	if violations == 0 {
		t.Error("axe finds nothing wrong with a field without a label")
	}
}

// part returns the file name of a part of the script, which is loaded when it is needed.
func part(t testing.TB, name string) string {
	t.Helper()
	files, err := filepath.Glob("static/" + name + "-*.js")
	if err != nil || len(files) != 1 {
		t.Fatalf("the part %s is in the files %v: %v", name, files, err)
	}
	return filepath.Base(files[0])
}
