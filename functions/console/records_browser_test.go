package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

func TestAnExportIsRequestedAndItsFilesAreListed(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	b.signIn(t, tn, "auditor")
	b.open(t, tn, "exports", has("No exports yet.")+" && "+has("No schedules yet."))
	b.wantAccessible(t, "exports")
	b.click(t, "Create")
	b.wait(t, "/exports.[0-9a-f]{8}-/.test(location.hash) && !!document.querySelector('progress')")
	b.wantAccessible(t, "export")
	b.click(t, "Cancel the export")
	b.wait(t, has("The export is canceled."))

	b.open(t, tn, "exports", "document.querySelectorAll('main tbody tr').length === 1")
	b.fill(t, "schedule", "nightly")
	b.fill(t, "zone", "Europe/Berlin")
	b.click(t, "Save the schedule")
	b.wait(t, has("daily in Europe/Berlin"))
	b.click(t, "Change")
	b.wait(t, has("Change the schedule"))
	b.fill(t, "every", "weekly")
	b.click(t, "Save the schedule")
	b.wait(t, has("weekly in Europe/Berlin"))
	b.click(t, "Delete")
	b.wait(t, has("The schedule nightly is deleted."))

	own := cloudtest.New(t, suite.Options{}) // it advances the clock
	tn = own.Tenant(t)
	export := tn.CreateExport(t, map[string]any{"kinds": []string{"metadata"}})
	own.FinishExports(t)
	b.wantNoFaults(t)
	b = newTab(t, own)
	b.signIn(t, tn, "admin")
	b.open(t, tn, "exports/"+export.ID, has("done"))
	b.click(t, "List the files")
	b.wait(t, "document.querySelectorAll('a[download]').length > 0")
	b.wantNoFaults(t)
}

func TestAReceiptIsProvedInTheBrowser(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	var receipt string
	for range 5 {
		receipt = tn.Do(t, "viewer", http.MethodPost, "/v1/workspaces/"+string(tn.Workspace)+"/issues/search", map[string]any{}).Want(t, http.StatusOK).Header.Get("Strongroom-Audit-Entry")
	}
	c.RunScheduled(t, "audit-integrator")
	b := newTab(t, c)
	b.signIn(t, tn, "auditor")
	b.open(t, tn, "audit", "document.querySelectorAll('main tbody tr').length >= 5")
	b.wantAccessible(t, "audit-log")
	b.fill(t, "receipt", receipt)
	b.click(t, "Find")
	b.wait(t, has("issues.list")+" || "+has("The whole entry"))
	b.click(t, "Verify")
	b.wait(t, has("✓ Proved."))
	b.wantAccessible(t, "audit-entry")

	// Each change of what the platform returns is noticed. The keys are pinned in one case.
	eval[bool](t, b, `(() => { const real = window.fetch; window.fetch = async (url, options) => {
		const response = await real(url, options);
		window.kept ??= {};
		for (const part of ['/proof', '/keys']) if (String(url).endsWith(part)) { const text = await response.text(); window.kept[part] = text; return new Response((window.change?.[part] ?? ((x) => x))(text)); }
		return response; }; return true; })()`)
	for name, change := range map[string]string{
		"another hash of the proof":      `{'/proof': (t) => { const l = t.split('\n'); l[2] = l[2].replace(/^./, (c) => c === 'A' ? 'B' : 'A'); return l.join('\n'); }}`,
		"a missing hash":                 `{'/proof': (t) => { const l = t.split('\n'); l.splice(2, 1); return l.join('\n'); }}`,
		"another index":                  `{'/proof': (t) => t.replace(/index (\d+)/, (_, n) => 'index ' + (Number(n) === 0 ? 1 : Number(n) - 1))}`,
		"another size":                   `{'/proof': (t) => t.replace(/(audit\/log\n)(\d+)/, (_, a, n) => a + (Number(n) + 1))}`,
		"another signature":              `{'/proof': (t) => t.replace(/(\/log [^\n]{20})(.)/, (_, a, b) => a + (b === 'A' ? 'B' : 'A'))}`,
		"no signature":                   `{'/proof': (t) => t.replace(/\u2014 \S+\/log \S+\n/, '')}`,
		"the log of another tenant":      `{'/proof': (t) => t.replace(/\/v1\/tenants\/[a-z0-9-]+\//, '/v1/tenants/another/')}`,
		"a key that is not the log's":    `{'/keys': (t) => t.split('\n').filter((l) => !/\/log\+/.test(l)).join('\n')}`,
		"a key with another hash":        `{'/keys': (t) => t.replace(/\+([0-9a-f])/, (_, h) => '+' + (h === '0' ? '1' : '0'))}`,
		"a proof that is another format": `{'/proof': (t) => t.replace('tlog-proof@v1', 'tlog-proof@v2')}`,
		"a proof that is nothing at all": `{'/proof': () => ''}`,
		"base64 that is not canonical":   `{'/proof': (t) => { const l = t.split('\n'); l[2] = l[2].replace(/.=$/, (x) => String.fromCharCode(x.charCodeAt(0) + 1) + '='); return l.join('\n'); }}`,
	} {
		eval[bool](t, b, "window.change = "+change+", true")
		b.click(t, "Verify")
		b.wait(t, "!!document.querySelector('.refuted, .proved') && "+has("The proof is"))
		if proved := eval[bool](t, b, "!!document.querySelector('.proved')"); proved {
			t.Errorf("%s is proved", name)
		}
	}
	eval[bool](t, b, "window.change = {}, true")
	b.click(t, "Verify")
	b.wait(t, has("✓ Proved."))
	// The same proof does not prove an entry that differs in one field.
	verify := strings.ReplaceAll(`(async () => { const { verify } = await import('/console/assets/PROOF'); const entry = JSON.parse(document.querySelector('main pre').textContent); %s;
		return verify(window.kept['/proof'], entry, entry.id, window.kept['/keys'], %q).then(() => 'proved', (e) => e.message); })()`, "PROOF", part(t, "proof"))
	for change, want := range map[string]bool{"": true, "entry.outcome = 'denied'": false, "entry.extra = 1": false, "delete entry.actor.role": false} {
		got := eval[string](t, b, fmt.Sprintf(verify, change, "/v1/tenants/"+string(tn.ID)+"/audit/log"))
		if (got == "proved") != want {
			t.Errorf("after %q, the proof says %s", change, got)
		}
	}
	if got := eval[string](t, b, fmt.Sprintf(verify, "", "/v1/tenants/another/audit/log")); got == "proved" {
		t.Error("the log of another tenant is accepted")
	}
	b.wantNoFaults(t)
}

func TestHalvesAreGivenOnTheirPages(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	tn.OwnModel(t)
	b := newTab(t, c)
	b.signIn(t, tn, "admin")
	const button = "document.querySelector('button[aria-label=\"Read and change explain-issue single-tenant \"]')"
	b.open(t, tn, "models", button+" !== null")
	b.clickOn(t, button)
	b.click(t, "I have read the text: give the tenant's half")
	b.wait(t, has("Your half is given.")+" && "+has("active until"))
	b.wantAccessible(t, "consents")
	b.click(t, "Withdraw the tenant's half")
	b.wait(t, has("Your half is withdrawn."))
	b.wantNoFaults(t)

	staff := newTab(t, c)
	staff.signInAs(t, "platform", "platform")
	staff.wait(t, has("Quarantine")+" && "+has("Dead letters"))
	staff.fill(t, "consents-of", string(tn.ID))
	staff.wait(t, "!!document.querySelector('button[aria-label=\"Read and change explain-issue single-tenant \"]')")
	staff.wantAccessible(t, "platform")
	staff.clickOn(t, "document.querySelector('button[aria-label=\"Read and change explain-issue single-tenant \"]')")
	staff.click(t, "I have read the text: give the platform's half")
	staff.wait(t, has("Your half is given."))
	if eval[bool](t, staff, has("admin@")) {
		t.Error("staff see who gave the tenant's half")
	}
	staff.click(t, "Replay dead letters")
	staff.wait(t, has("0 messages of run-events are replayed."))
	staff.clickOn(t, "[...document.querySelectorAll('header nav a')].find((a) => a.innerText === 'Audit')")
	staff.wait(t, has("Audit log")+" && !document.querySelector('.loading-block')")
	c.RunScheduled(t, "audit-integrator") // the list above is an entry of the platform's own log
	staff.fill(t, "outcome", "allowed")
	staff.wait(t, "document.querySelectorAll('main tbody tr').length > 0")
	staff.clickOn(t, "document.querySelector('main tbody a')")
	staff.click(t, "Verify")
	staff.wait(t, has("✓ Proved."))
	staff.wantNoFaults(t)
}

func TestTheGraphIsATree(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	reportIssues(t, tn, "dns-check", `{"severity":2,"title":"DNS is slow"}`)
	b := newTab(t, c)
	b.signIn(t, tn, "viewer")
	b.open(t, tn, "graph", has("dns-check")+" && "+has("cluster-1")+" && !!document.querySelector('.tree a')")
	b.wantAccessible(t, "graph")
	b.press(t, "j")
	b.wait(t, "document.activeElement.tagName === 'SUMMARY'")
	b.clickOn(t, "document.querySelector('.tree a')")
	b.wait(t, has("DNS is slow"))
	b.wantNoFaults(t)
}
