package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// second opens another tab of the same browser.
func (b *tab) second(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	other := &tab{ctx: ctx, cloud: b.cloud, refusals: b.refusals}
	other.do(t, chromedp.Navigate("about:blank"))
	return other
}

// forgetSession removes the cookies of the browser, as if the session had ended.
func (b *tab) forgetSession(t *testing.T) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
}

func TestEachPersonaSignsInWithABrowser(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	for _, persona := range []string{"auditor", "builder", "platform"} {
		name := string(tn.ID)
		if persona == "platform" {
			name = persona
		}
		b.signInAs(t, name, persona)
		b.wait(t, "document.querySelector('.who').textContent.includes('"+persona+" of "+name+"')")
		b.clickOn(t, "[...document.querySelectorAll('button')].find((x) => x.textContent === 'Sign out')")
		b.wait(t, "!!document.querySelector('#tenant')")
		if kept := eval[int](t, b, "localStorage.length + sessionStorage.length"); kept != 0 {
			t.Errorf("after the sign-out of %s, the storage has %d entries", persona, kept)
		}
	}
	b.wantNoFaults(t)
}

// TestASessionThatEndsLosesNothing lets a session end while a person reads a list, and signs
// in again in another tab.
func TestASessionThatEndsLosesNothing(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	for range 60 {
		tn.Do(t, "runner", "PUT", tn.RunPath(cloudtest.NewRun(t)), map[string]any{"task": "dns-check", "start": c.Clock.Now().UTC()})
	}
	b := newTab(t, c)
	b.signIn(t, tn, "viewer")
	b.open(t, tn, "runs", "document.querySelectorAll('table a').length > 20")
	const place = "JSON.stringify([location.hash, Math.round(scrollY), getSelection().toString(), history.length])"
	eval[bool](t, b, "getSelection().selectAllChildren(document.querySelectorAll('table a')[15]), scrollTo(0, 300), true")
	before := eval[string](t, b, place)

	b.forgetSession(t)
	c.Clock.Advance(2 * time.Hour)
	b.clickOn(t, "[...document.querySelectorAll('main button')].find((x) => x.textContent.includes('more'))")
	b.wait(t, "document.querySelector('[role=alertdialog]')?.innerText.includes('Your sign-in has ended')")
	if after := eval[string](t, b, place); after != before {
		t.Errorf("the place was %s and is %s", before, after)
	}
	b.wantAccessible(t, "session-ended")

	other := b.second(t)
	other.signIn(t, tn, "viewer")
	b.wait(t, "!document.querySelector('[role=alertdialog]') && document.querySelectorAll('table a').length === 60") // the request continued
	if after := eval[string](t, b, place); after != before {
		t.Errorf("after the sign-in, the place was %s and is %s", before, after)
	}
	if state := eval[string](t, b, "JSON.stringify([history.state, document.title, {...sessionStorage}])"); strings.Contains(state, "dns") || strings.Contains(state, "eyJ") {
		t.Errorf("the page stores %s", state)
	}
	other.clickOn(t, "[...document.querySelectorAll('button')].find((x) => x.textContent === 'Sign out')")
	b.wait(t, "!!document.querySelector('#tenant') && !document.querySelector('table')")
	b.wantNoFaults(t)
}
