package console_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	downloads "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// confirm answers the open dialog with yes, after typing what it asks for.
func (b *tab) confirm(t testing.TB, typed, button string) {
	t.Helper()
	b.wait(t, "document.activeElement.closest('dialog')?.open")
	if typed != "" {
		if !eval[bool](t, b, "document.querySelector('dialog button[type=submit]').disabled") {
			t.Errorf("%s is possible without typing %s", button, typed)
		}
		b.fill(t, "typed", typed)
	}
	b.click(t, button)
	b.wait(t, "!document.querySelector('dialog')")
}

// asAdmin sends a request as an admin of the tenant with a subject of its own.
func asAdmin(t testing.TB, tn *cloudtest.Tenant, subject, method, path string, body any) cloudtest.Response {
	t.Helper()
	token, err := tn.Cloud.Issuer.Token(map[string]any{"sub": subject, "aud": suite.Audience + "/tenants/" + string(tn.ID), "persona": "admin"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return tn.Cloud.Do(t, token, method, path, body)
}

func TestAnAdminChangesTheKeyInTheConsole(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	id := string(tn.ID)
	b := newTab(t, c)
	b.refusals = append(b.refusals, 409)
	b.signIn(t, tn, "admin")
	b.goTo(t, "gk", "settings")
	b.wait(t, "location.hash.endsWith('/settings') && !!document.querySelector('.key-active') && "+has("There are no legal holds.")+" && "+has("Nothing differs from what was asked for."))
	b.wantAccessible(t, "settings")
	b.click(t, "Test the key")
	b.wait(t, has("1 version encrypts and decrypts."))

	b.click(t, "Rotate the key…")
	b.wait(t, "document.activeElement.closest('dialog')?.open")
	b.wantAccessible(t, "settings-rotate")
	b.press(t, "\x1b")
	b.wait(t, "!document.querySelector('dialog')")
	b.click(t, "Rotate the key…")
	b.confirm(t, "", "Yes, rotate it")
	b.wait(t, has("Version 2 encrypts from now on.")+" && "+has("tenant.key.rotate"))

	b.click(t, "Disable the key…")
	b.wait(t, "!!document.querySelector('dialog [name=typed]')")
	b.fill(t, "typed", "another")
	if !eval[bool](t, b, "document.querySelector('dialog button[type=submit]').disabled") {
		t.Error("the key can be disabled after typing another name")
	}
	b.fill(t, "typed", "")
	b.confirm(t, id, "Yes, disable it")
	b.wait(t, "!!document.querySelector('.key-revoked') && "+has("a trial has failed")+" && "+has("a process can have data keys in memory until"))
	b.wantAccessible(t, "settings-disabled")

	b.click(t, "Destroy the key…")
	b.confirm(t, id, "Yes, destroy it")
	b.wait(t, has("The destruction is requested.")+" && "+has("another admin can confirm it now"))
	b.click(t, "Confirm the destruction…")
	b.confirm(t, id, "Yes, destroy it")
	b.wait(t, "document.querySelector('.fault')?.innerText.includes('destruction-alone')")
	asAdmin(t, tn, "bob", http.MethodPost, "/v1/tenant/key/destroy", map[string]any{"tenant": id}).Want(t, http.StatusOK)
	b.reload(t)
	b.wait(t, has("another admin can confirm it now"))
	b.click(t, "Confirm the destruction…")
	b.confirm(t, id, "Yes, destroy it")
	b.wait(t, has("Cloud KMS destroys the versions at the times above.")+" && "+has("destroy scheduled"))
	b.click(t, "Enable the key…")
	b.confirm(t, "", "Yes, enable it")
	b.wait(t, "!!document.querySelector('.key-active') && "+has("The key can be used again."))

	// The auditor reads the same, and changes nothing.
	auditor := newTab(t, c)
	auditor.signIn(t, tn, "auditor")
	auditor.open(t, tn, "settings", has("tenant.key.enable")+" && "+has("Only an admin changes something here."))
	if got := eval[string](t, auditor, "[...document.querySelectorAll('main button')].map((x) => x.textContent).join()"); got != "" {
		t.Errorf("an auditor sees the buttons %s", got)
	}
	auditor.wantNoFaults(t)
	b.wantNoFaults(t)
}

// The state of the key changes by itself while the page is open.
func TestAKeyThatIsChangingIsMeasuredAgain(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	b.signIn(t, tn, "admin")
	eval[bool](t, b, `(() => { const real = window.fetch; let n = 0; window.fetch = async (url, options) => {
		const response = await real(url, options);
		if (String(url) !== '/v1/tenant') return response;
		const t = await response.json();
		if (++n === 1) t.key = {...t.key, state: 'revoking', problem: 'planned', versions: [], rights: t.key.rights.map((r) => r.action === 'rotate' ? {...r, platform: false, who: 'the planned owner'} : r)};
		return new Response(JSON.stringify({...t, drift: n === 1 ? [{field: 'key.roles', message: 'planned drift'}] : []})); }; return true; })()`)
	b.open(t, tn, "settings", "!!document.querySelector('.key-revoking') && "+has("planned drift")+" && "+has("It is done by the planned owner.")+" && "+has("may not list the versions"))
	b.wantAccessible(t, "settings-changing")
	b.wait(t, "!!document.querySelector('.key-active') && "+has("Nothing differs from what was asked for."))
	b.wantNoFaults(t)
}

func TestLegalHoldsArePlacedAndLiftedInTheConsole(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	run := reportIssues(t, tn, "dns-check", `{"severity":2,"title":"DNS is slow"}`)
	b := newTab(t, c)
	b.refusals = append(b.refusals, 409)
	b.signIn(t, tn, "admin")
	b.open(t, tn, "settings", has("There are no legal holds."))
	for hold, of := range map[string]string{"case-1": "tenant", "case-2": "workspace", "case-3": "run"} {
		b.fill(t, "keeps", of)
		b.fill(t, "hold", hold)
		if of == "run" {
			b.wait(t, "!!document.querySelector('[name=held-run]')")
			b.fill(t, "held-run", run)
		}
		b.click(t, "Place the hold")
		b.wait(t, has("The hold "+hold+" is in effect."))
	}
	b.wait(t, "document.querySelectorAll('[aria-label=\"Legal holds\"] tbody tr').length === 3 && "+has("everything of the tenant")+" && "+has("everything of the workspace")+" && "+has("the run "+run))
	b.wantAccessible(t, "settings-holds")
	b.fill(t, "keeps", "workspace")
	b.fill(t, "hold", "case-1")
	b.click(t, "Place the hold")
	b.wait(t, "document.querySelector('.fault')?.innerText.includes('hold-exists')")

	b.clickLabel(t, "Lift case-1")
	b.confirm(t, "", "Request it")
	b.wait(t, has("Another admin confirms that the hold case-1 ends"))
	b.clickLabel(t, "Confirm the end of case-1")
	b.confirm(t, "", "Confirm it")
	b.wait(t, "document.querySelector('.fault')?.innerText.includes('lifting-alone')")
	var asked struct{ Lifting struct{ ID string } }
	asAdmin(t, tn, "bob", http.MethodPost, "/v1/tenant/holds/case-1/lift", map[string]any{}).Want(t, http.StatusOK).JSON(t, &asked)
	b.reload(t)
	b.clickLabel(t, "Confirm the end of case-1")
	b.confirm(t, "", "Confirm it")
	b.wait(t, has("The hold case-1 has ended.")+" && document.querySelectorAll('[aria-label=\"Legal holds\"] tbody tr').length === 2")

	asAdmin(t, tn, "bob", http.MethodPost, "/v1/tenant/holds/case-2/lift", map[string]any{}).Want(t, http.StatusOK).JSON(t, &asked)
	staff := newTab(t, c)
	staff.refusals = append(staff.refusals, 409)
	staff.signInAs(t, "platform", "platform")
	staff.openTenant(t, tn)
	staff.fill(t, "hold", "case-2")
	staff.fill(t, "lifting", run)
	staff.click(t, "Confirm that the hold ends")
	staff.wait(t, "document.querySelector('.fault')?.innerText.includes('lifting-unknown')")
	staff.fill(t, "lifting", asked.Lifting.ID)
	staff.click(t, "Confirm that the hold ends")
	staff.wait(t, has("The hold case-2 has ended."))
	staff.wantNoFaults(t)
	b.wantNoFaults(t)
}

// clickLabel clicks the button with a label.
func (b *tab) clickLabel(t testing.TB, label string) {
	t.Helper()
	button := fmt.Sprintf("document.querySelector('button[aria-label=%q]:not(:disabled)')", label)
	b.clickOn(t, button)
}

// openTenant opens the page of a tenant, as the platform's staff.
func (b *tab) openTenant(t testing.TB, tn *cloudtest.Tenant) {
	t.Helper()
	eval[bool](t, b, fmt.Sprintf("location.hash = %q, true", "#/-/tenants/"+string(tn.ID)))
	b.wait(t, has("Set by Terraform")+" && "+has("Confirm the end of a legal hold")+" && !document.querySelector('.loading-block')")
}

func TestStaffSuspendsATenantInTheConsole(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, stopped := c.Tenant(t), c.Tenant(t)
	stopped.Record.State = tenant.Suspended
	if err := c.Directory.Put(t.Context(), stopped.Record); err != nil {
		t.Fatal(err)
	}
	b := newTab(t, c)
	b.signInAs(t, "platform", "platform")
	b.goTo(t, "gn", "tenants")
	b.wait(t, "location.hash.endsWith('/tenants') && document.querySelectorAll('main tbody tr').length > 1")
	b.wantAccessible(t, "tenants")
	b.fill(t, "tenant-id", string(tn.ID))
	b.wait(t, "document.querySelectorAll('main tbody tr').length === 1")
	b.clickOn(t, "document.querySelector('main tbody a')")
	b.wait(t, has("No admin of the tenant has asked for an offboarding."))
	b.wantAccessible(t, "tenant")
	b.click(t, "Suspend the tenant…")
	b.confirm(t, string(tn.ID), "Suspend it")
	b.wait(t, "!!document.querySelector('.tenant-suspended') && "+has("All requests of the tenant are refused"))
	b.wantAccessible(t, "tenant-suspended")
	eval[bool](t, b, "history.back(), true")
	b.wait(t, fmt.Sprintf("document.activeElement.innerText === %q && document.querySelectorAll('main tbody tr').length === 1 && !!document.querySelector('.tenant-suspended')", tn.ID))
	b.openTenant(t, tn)
	b.click(t, "Resume the tenant")
	b.wait(t, "!!document.querySelector('.tenant-active') && "+has("Requests of the tenant are served again"))

	b.openTenant(t, stopped)
	b.wait(t, has("only Terraform can resume it"))
	eval[bool](t, b, "location.hash = '#/-/tenants/no-such-tenant', true")
	b.wait(t, "/there is no such tenant[^]*not-found[^]*request [0-9A-Za-z]{26}/.test(document.querySelector('.fault')?.innerText)")
	b.wantNoFaults(t)
}

func TestATenantLeavesInTheConsole(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{}) // it advances the clock
	tn := c.Tenant(t)
	id := string(tn.ID)
	tn.Store(t, cloudtest.NewRun(t), "stdout.log", []byte("kept"))
	b := newTab(t, c)
	b.signIn(t, tn, "admin")
	b.open(t, tn, "settings", has("Nobody has asked for the offboarding"))
	b.click(t, "Request the offboarding…")
	b.confirm(t, id, "Request it")
	b.wait(t, has("The offboarding is requested.")+" && "+has("The platform's staff can start it until"))
	b.click(t, "Take the request back")
	b.wait(t, has("The request is taken back.")+" && "+has("Nobody has asked for the offboarding"))
	b.click(t, "Request the offboarding…")
	b.confirm(t, id, "Request it")
	b.wait(t, has("The platform's staff can start it until"))

	staff := newTab(t, c)
	staff.signInAs(t, "platform", "platform")
	staff.openTenant(t, tn)
	staff.click(t, "Start the offboarding…")
	staff.confirm(t, id, "Start it")
	staff.wait(t, has("The offboarding has begun.")+" && "+has("Step")+" && !!document.querySelector('.tenant-offboarding')")
	c.Clock.Advance(20 * time.Minute)
	c.RunScheduled(t, "audit-integrator")
	c.RunScheduled(t, "offboarding")
	staff.reload(t)
	staff.wait(t, has("The interim certificate")+" && "+has("export, waits: its time has not come yet"))
	staff.wantAccessible(t, "tenant-leaves")

	b.open(t, tn, "overview", has("Newest runs"))
	b.open(t, tn, "settings", has("The interim certificate")+" && "+has("What remains:")+" && "+has("verify-certificate"))
	b.wantAccessible(t, "settings-leaves")
	dir := t.TempDir()
	if _, err := chromedp.Call(b.ctx, downloads.SetDownloadBehavior, downloads.SetDownloadBehaviorParams{Behavior: downloads.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir}); err != nil {
		t.Fatal(err)
	}
	b.click(t, "Download the certificate")
	b.click(t, "Download the verifier keys")
	note, keys := wantFile(t, dir, id+"-interim.certificate"), wantFile(t, dir, id+"-verifier-keys.txt")
	if got, err := certificate.Verify(note, strings.Fields(string(keys))...); err != nil || got.Tenant != id {
		t.Errorf("the certificate that was downloaded is %+v: %v", got, err)
	}

	b.click(t, "Stop the offboarding…")
	b.confirm(t, "", "Stop it")
	b.wait(t, has("The offboarding is stopped.")+" && !!document.querySelector('.tenant-active')")
	staff.openTenant(t, tn)
	b.wantNoFaults(t)
	staff.wantNoFaults(t)
}

// wantFile returns a file that the browser writes.
func wantFile(t testing.TB, dir, name string) (content []byte) {
	t.Helper()
	cloudtest.Eventually(t, name, func() bool {
		var err error
		content, err = os.ReadFile(filepath.Join(dir, name))
		return err == nil && len(content) > 0
	})
	return content
}

// After a deployment, a tab from before finds no part of its own version.
func TestAPartOfAnotherVersionIsNotLoaded(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	if _, err := chromedp.Call(b.ctx, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/console/assets/admin-*", Block: true}}}); err != nil {
		t.Fatal(err)
	}
	b.signIn(t, tn, "admin")
	b.open(t, tn, "settings", has("There may be a new version."))
	b.wantAccessible(t, "settings-another-version")
}

func TestMembersAreAddedAndRemovedInTheConsole(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	b.refusals = append(b.refusals, 422)
	b.signIn(t, tn, "admin")
	rows := "document.querySelectorAll('[aria-label=\"Members\"] tbody tr').length"
	b.open(t, tn, "settings", has("Add a member")+" && !document.querySelector('.loading-block')")
	before := eval[int](t, b, rows)
	b.fill(t, "subject", hostile[:60])
	b.fill(t, "issuer", "https://not-trusted.example")
	b.click(t, "Add the member")
	b.wait(t, has("does not trust this issuer"))
	b.fill(t, "issuer", c.Issuer.URL())
	b.fill(t, "subject", "ann<b>@example.com")
	b.click(t, "Add the member")
	b.wait(t, fmt.Sprintf("%s === %d && %s", rows, before+1, has("ann<b>@example.com")))
	b.wantAccessible(t, "settings-members")
	b.clickLabel(t, "Remove ann<b>@example.com")
	b.confirm(t, "", "Remove it")
	b.wait(t, fmt.Sprintf("%s === %d && %s", rows, before, has("The membership has ended.")))
	b.wantNoFaults(t)
}

func TestATokenIsTestedAndARuleAddedInTheConsole(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	b.signIn(t, tn, "admin")
	rows := "document.querySelectorAll('[aria-label=\"Rules of trust\"] tbody tr').length"
	b.open(t, tn, "settings", has("Test a token")+" && "+rows+" === 6")
	b.fill(t, "trust-token", "not a token")
	b.click(t, "Test the token")
	b.wait(t, has("The token is not accepted: the token is not a compact JSON Web Signature"))
	b.fill(t, "trust-token", tn.Token(t, "viewer"))
	b.fill(t, "trust-role", "admin")
	b.click(t, "Test the token")
	b.wait(t, has("gets the role viewer")+" && "+has("✕ persona is different")+" && "+has("may be a second account of yours"))
	if eval[bool](t, b, "[...document.querySelectorAll('button')].some((x) => x.textContent === 'Add the rule')") {
		t.Error("a rule that would have no effect can be added")
	}
	b.wantAccessible(t, "settings-trust")
	b.fill(t, "trust-token", tn.Token(t, "newcomer"))
	b.fill(t, "trust-role", "auditor")
	b.click(t, "Test the token")
	b.wait(t, has("by the new rule, which is not added yet")+" && "+has("✓ matches"))
	b.click(t, "Add the rule")
	b.wait(t, fmt.Sprintf("%s === 7 && %s && document.querySelector('[name=trust-token]').value === ''", rows, has("The rule is added: it gives the role auditor.")))
	b.clickLabel(t, "Remove the rule for sub=newcomer@"+string(tn.ID)+".example")
	b.confirm(t, "", "Remove it")
	b.wait(t, rows+" === 6 && "+has("The rule is removed."))
	b.wantNoFaults(t)
}

// changeAnswer lets JavaScript change each answer to a request before the page reads it.
func (b *tab) changeAnswer(t testing.TB, path, change string) {
	t.Helper()
	eval[bool](t, b, fmt.Sprintf(`(() => { const real = window.fetch; window.fetch = async (url, options) => {
		const response = await real(url, options);
		if (String(url) !== %q) return response;
		const answer = await response.json();
		%s
		return new Response(JSON.stringify(answer)); }; return true; })()`, path, change))
}

func TestUsageIsShownWithItsQuotas(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	b.signIn(t, tn, "auditor")
	b.changeAnswer(t, "/v1/tenant/usage", "answer.days.at(-1).runs.used = 12345;")
	b.open(t, tn, "settings", has("Quotas and usage")+" && document.querySelectorAll('[aria-label=\"Quotas\"] tbody tr').length === 8 && document.querySelectorAll('svg.bars rect').length === 30")
	b.fill(t, "usage-of", "runs")
	b.wait(t, "document.querySelector('svg.bars').getAttribute('aria-label').includes('at most 12,345 in one')")
	eval[bool](t, b, "document.querySelectorAll('details').forEach((d) => { d.open = true; }), true")
	b.wait(t, has("12,345"))
	if got := eval[string](t, b, "document.querySelector('main').innerText"); strings.Contains(got, "NaN") || strings.Contains(got, "undefined") {
		t.Errorf("the page shows %q", got)
	}
	b.wantAccessible(t, "settings-usage")
	b.wantNoFaults(t)
}

func TestWhatIsDeletedIsShown(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	b.signIn(t, tn, "auditor")
	b.changeAnswer(t, "/v1/tenant/retention", `
		answer.settings[0].days = 90;
		answer.due = [{ day: "2030-01-02", runs: 4321, samples: 0, issues: 0, exports: 0, auditEntries: 765 }, { day: "2030-01-03", runs: 1, samples: 0, issues: 0, exports: 0 }];`)
	b.open(t, tn, "settings", has("90 days")+" && "+has("4,321")+" && "+has("765")+" && "+has("Nothing was deleted in the last 30 days.")+
		" && document.querySelectorAll('[aria-label=\"Retention by class\"] tbody tr').length === 8")
	b.wantAccessible(t, "settings-retention")
	b.wantNoFaults(t)
}

func TestABucketIsVerifiedInTheConsole(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	b.signIn(t, tn, "admin")
	b.open(t, tn, "settings", has("The bucket for output was never verified.")+" && "+has("The bucket for exports was never verified."))
	b.click(t, "Verify the bucket for output")
	b.wait(t, has("is verified.")+" && document.querySelectorAll('[aria-label=\"Checks of the bucket for output\"] tbody tr').length >= 10")
	b.wantAccessible(t, "settings-storage")
	b.fill(t, "bucket", "no-such-bucket-anywhere")
	b.click(t, "Verify the bucket for output")
	b.wait(t, "!!document.querySelector('.storage-unusable') && !!document.querySelector('.check-failed')")
	b.wantAccessible(t, "settings-storage-unusable")
	b.wantNoFaults(t)
}
