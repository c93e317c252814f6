package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/consent"
)

// reportIssues records a run of a task that reports lines of issues.
func reportIssues(t *testing.T, tn *cloudtest.Tenant, task string, lines ...string) (run string) {
	t.Helper()
	run = cloudtest.NewRun(t)
	now := tn.Cloud.Clock.Now().UTC()
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), map[string]any{"task": task, "resource": "cluster-1", "slx": "dns", "start": now}).Want(t, http.StatusOK)
	issues := []map[string]string{}
	for _, line := range lines {
		issues = append(issues, map[string]string{"line": line})
	}
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/report", map[string]any{
		"end": now.Add(time.Second), "outcome": "failure", "exitCode": 1, "issues": issues,
	}).Want(t, http.StatusOK)
	tn.Cloud.Drain(t)
	return run
}

// click clicks the button with a text.
func (b *tab) click(t testing.TB, text string) {
	t.Helper()
	button := fmt.Sprintf("[...document.querySelectorAll('main button, header button, dialog button')].find((x) => x.textContent === %q && !x.disabled)", text)
	b.clickOn(t, button)
}

// clickOn waits for an element and clicks it. Both are one step: between two, the page could replace the element.
func (b *tab) clickOn(t testing.TB, element string) {
	t.Helper()
	b.wait(t, fmt.Sprintf("((e) => e && (e.click(), true))(%s)", element))
}

// reload loads the page again, and waits until the old page is gone.
func (b *tab) reload(t testing.TB) {
	t.Helper()
	eval[bool](t, b, "window.isOld = true, location.reload(), true")
	b.wait(t, "!window.isOld && document.readyState === 'complete'")
}

// fill waits for the field with a name, and types a value into it.
func (b *tab) fill(t testing.TB, name, value string) {
	t.Helper()
	b.wait(t, fmt.Sprintf(`(() => { const e = document.querySelector('[name=%s]'); if (!e) return false; e.value = %q;
		e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return true; })()`, name, value))
}

// has is an expression that is true while the page shows a text.
func has(text string) string {
	return fmt.Sprintf("document.querySelector('main').innerText.includes(%q)", text)
}

// goTo opens a page with two keys. It presses them until the page is open, as a person would: on a
// busy machine, more time can be between the two than the console allows.
func (b *tab) goTo(t testing.TB, keys, page string) {
	t.Helper()
	cloudtest.Eventually(t, keys, func() bool {
		b.press(t, keys)
		return eval[bool](t, b, fmt.Sprintf("location.hash.split('?')[0].endsWith(%q)", "/"+page))
	})
}

// press presses a key.
func (b *tab) press(t testing.TB, keys string) {
	t.Helper()
	b.do(t, chromedp.KeyEvent(keys))
}

func TestIssuesAreActedOnInBulk(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	var lines []string
	for n := range 60 {
		lines = append(lines, fmt.Sprintf(`{"severity":%d,"title":"finding %s has a text","fingerprint":"f%d"}`, n%4+1, strings.Repeat("x", n+1), n))
	}
	reportIssues(t, tn, "dns-check", lines...)
	b := newTab(t, c)
	b.signIn(t, tn, "viewer")
	b.open(t, tn, "issues", "document.querySelectorAll('main tbody tr').length === 50")
	b.wantAccessible(t, "issues")
	b.click(t, "Load more")
	b.wait(t, "document.querySelectorAll('main tbody tr').length === 60")

	// The platform refuses one of them, which does not stop the others.
	eval[bool](t, b, `(() => { const real = window.fetch; let n = 0; window.fetch = (url, options) => String(url).endsWith('/ignore') && ++n === 2
		? Promise.resolve(new Response(JSON.stringify({status: 409, code: 'conflict', detail: 'planned refusal'}), {status: 409, headers: {'Strongroom-Audit-Entry': 'planned-entry'}})) : real(url, options); return true; })()`)
	eval[bool](t, b, "[...document.querySelectorAll('tbody input[type=checkbox]')].slice(0, 3).forEach((e) => e.click()), true")
	b.wait(t, has("3 selected"))
	b.fill(t, "reason", "waits for the new disk")
	b.click(t, "Ignore")
	b.wait(t, has("2 ignored, 1 failed and stay selected."))
	b.wait(t, has("planned refusal")+" && "+has("conflict")+" && "+has("planned-entry"))
	b.wait(t, "document.querySelectorAll('main tbody tr').length === 50 && "+has("1 selected"))
	b.fill(t, "state", "ignored")
	b.wait(t, "document.querySelectorAll('main tbody tr').length === 2")
	if got := eval[string](t, b, "location.hash"); !strings.HasSuffix(got, "/issues?state=ignored") {
		t.Errorf("the address is %s", got)
	}
	b.clickOn(t, "document.querySelector('main tbody a')")
	b.wait(t, has("waits for the new disk"))
	b.click(t, "Stop ignoring")
	b.wait(t, has("The issue is no longer ignored."))
	b.wantNoFaults(t)
}

func TestGoingBackRestoresTheRow(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	var lines []string
	for n := range 60 {
		lines = append(lines, fmt.Sprintf(`{"severity":2,"title":"finding %s has a text","fingerprint":"f%d"}`, strings.Repeat("y", n+1), n))
	}
	reportIssues(t, tn, "dns-check", lines...)
	b := newTab(t, c)
	b.signIn(t, tn, "viewer")
	b.open(t, tn, "issues?severity=2", "document.querySelectorAll('main tbody tr').length === 50")
	b.click(t, "Load more")
	b.wait(t, "document.querySelectorAll('main tbody tr').length === 60")
	const inWindow = "document.activeElement.getBoundingClientRect().top"
	href := eval[string](t, b, "(() => { const a = document.querySelectorAll('main tbody a')[40]; a.scrollIntoView(); a.focus(); return a.getAttribute('href'); })()")
	top := eval[float64](t, b, inWindow)
	b.press(t, "\r")
	b.wait(t, has("Sightings over time"))
	if got := eval[float64](t, b, "scrollY"); got != 0 {
		t.Errorf("an issue opens at %v", got)
	}
	eval[bool](t, b, "history.back(), true")
	b.wait(t, fmt.Sprintf("document.querySelectorAll('main tbody tr').length === 60 && document.activeElement.getAttribute('href') === %q", href))
	if got := eval[float64](t, b, inWindow); got < top-2 || got > top+2 {
		t.Errorf("the row is %v below the top of the window, want %v", got, top)
	}
	b.press(t, "k")
	if got := eval[int](t, b, "[...document.querySelectorAll('main tbody a')].indexOf(document.activeElement)"); got != 39 {
		t.Errorf("k goes to row %d, want 39", got)
	}
	b.wantNoFaults(t)
}

func TestAnIssueIsExplained(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	tn.OwnModel(t)
	for range 2 {
		reportIssues(t, tn, "dns-check", `{"severity":2,"title":"DNS is slow","details":"<img src=x onerror=document.title='run'>","next_steps":"Check DNS latency"}`)
	}
	b := newTab(t, c)
	b.signIn(t, tn, "viewer")
	b.open(t, tn, "issues", "document.querySelectorAll('main tbody tr').length === 1")
	b.clickOn(t, "document.querySelector('main tbody a')")
	b.wait(t, has("2 runs")+" && document.querySelectorAll('ol.columns li').length === 2 && document.querySelectorAll('main tbody tr').length === 2")
	b.click(t, "Show what would be sent")
	b.wait(t, has("Nothing can be sent yet.")+" && "+has("The tenant's half"))
	b.wantAccessible(t, "issue")

	tn.Consent(t, consent.ExplainIssue, consent.SingleTenant)
	b.reload(t)
	b.wait(t, "!!document.querySelector('main h2')")
	b.click(t, "Show what would be sent")
	b.wait(t, has("models-"+string(tn.ID)))
	b.click(t, "Send it and explain")
	b.wait(t, has("The answer has ended.")+" && !!document.querySelector('.answer') && "+has("It can be wrong"))
	if got := eval[string](t, b, "document.title"); got != "Strongroom" {
		t.Errorf("the title is %q", got)
	}
	b.wantNoFaults(t)
}
