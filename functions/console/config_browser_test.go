package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/chromedp/chromedp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// configFiles are the files of an SLX in folders, with a text of many lines.
func configFiles(alias string) []configtree.File {
	const head = "apiVersion: runwhen.com/v1\nkind: "
	var notes strings.Builder
	for n := range 400 {
		fmt.Fprintf(&notes, "note %d\n", n+1)
	}
	return []configtree.File{
		{Path: "notes.md", Data: []byte(notes.String())},
		{Path: "slxs/web/runbook.yaml", Data: []byte(head + "Runbook\nmetadata: {name: prod--web}\nspec:\n  codeBundle: {repoUrl: https://example.com/tasks.git, pathToRobot: web/runbook.robot}\n")},
		{Path: "slxs/web/sli.yaml", Data: []byte(head + "ServiceLevelIndicator\nmetadata: {name: prod--web}\nspec:\n  displayUnitsShort: ms\n  codeBundle: {pathToRobot: web/sli.robot}\n")},
		{Path: "slxs/web/slo.yaml", Data: []byte(head + "ServiceLevelObjective\nmetadata: {name: prod--web}\nspec: {objective: 99.5, operand: gt, threshold: 0.9}\n")},
		{Path: "slxs/web/slx.yaml", Data: []byte(head + "ServiceLevelX\nmetadata: {name: prod--web}\nspec:\n  alias: " + alias + "\n  additionalContext: {qualified_name: shop/web}\n  tags: [{name: team, value: shop}]\n")},
	}
}

func TestTheConfigurationIsReadInTheConsole(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	b.signIn(t, tn, "viewer")
	b.open(t, tn, "config", has("No configuration is in effect")+" && "+has("strongroom config review DIR"))
	b.open(t, tn, "config/history", has("No commits yet."))
	b.open(t, tn, "config/reviews", has("No reviews yet."))
	tn.PushCommit(t, tn.Workspace, "watch the shop\n\nwith a long explanation\n", configFiles("The shop"))
	tn.PushCommit(t, tn.Workspace, "rename the shop\n", configFiles("The web shop"))
	c.Drain(t)

	b.open(t, tn, "config", has("ServiceLevelObjective 1"))
	b.wait(t, has("admin@"+string(tn.ID)+".example")+" && "+has("ServiceLevelX 1")+" && !document.querySelector('.loading-block')")
	b.wantAccessible(t, "config")
	for range 2 { // folders
		b.clickOn(t, "document.querySelector('.tree details:not([open]) > summary')")
		b.wait(t, "!document.querySelector('.tree details[open]:not(:has(ul))')")
	}
	b.wait(t, "document.querySelectorAll('.tree a').length === 5")
	eval[bool](t, b, "document.querySelector('.tree summary').focus(), true")
	b.press(t, "jjjk") // from the folder slxs to web, to two of its files, and back to the first
	b.wait(t, "document.activeElement.innerText === 'runbook.yaml'")
	b.clickOn(t, "[...document.querySelectorAll('.tree a')].find((a) => a.innerText === 'slx.yaml')")
	b.wait(t, "document.querySelector('log-view')?.innerText.includes('The web shop') && "+has("slxs/web/slx.yaml"))
	if got := eval[string](t, b, "location.href + document.title + JSON.stringify(history.state)"); strings.Contains(got, "slx.yaml") || strings.Contains(got, "web") {
		t.Errorf("the address has the path: %s", got)
	}
	b.wantAccessible(t, "config-file")
	eval[bool](t, b, "history.back(), true")
	b.wait(t, "document.activeElement.innerText === 'slx.yaml'")
	b.fill(t, "path", "NOTES")
	b.wait(t, has("1 of 5 files")+" && document.querySelectorAll('.tree a').length === 1")
	b.clickOn(t, "document.querySelector('.tree a')")
	b.wait(t, "document.querySelector('log-view')?.innerText.includes('note 1')")
	b.fill(t, "find", "NOTE 35")
	b.click(t, "Find")
	b.wait(t, has("1 of 11")+" && document.querySelector('.match')?.textContent === 'note 35'")
	b.click(t, "Next")
	b.wait(t, has("2 of 11")+" && document.querySelector('.log-row.marked .log-number').dataset.n === '350'")

	b.open(t, tn, "config/history", "document.querySelectorAll('main tbody tr').length === 2 && "+has("in effect")+" && "+has("recorded"))
	b.wantAccessible(t, "config-history")
	b.clickOn(t, "document.querySelector('main tbody a')")
	b.wait(t, has("Review of a configuration")+" && "+has("in effect")+" && "+has("accepted no finding"))

	b.open(t, tn, "graph?of=configuration", has("web/runbook.robot")+" && "+has("ms; 99.5 gt 0.9")+" && "+has("team=shop"))
	b.wantAccessible(t, "graph-configured")
	b.clickOn(t, "[...document.querySelectorAll('.tree a')].find((a) => a.innerText === 'slxs/web/slx.yaml')")
	b.wait(t, "location.hash.includes('/config/files/') && document.querySelector('log-view')?.innerText.includes('The web shop')")

	// A builder reads what is in effect, and no reviews.
	builder := newTab(t, c)
	builder.signIn(t, tn, "builder")
	builder.open(t, tn, "config", has("Your role does not read reviews."))
	builder.open(t, tn, "config/history", "document.querySelectorAll('main tbody tr').length === 2")
	builder.wantNoFaults(t)

	c.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	b.open(t, tn, "config", "!!document.querySelector('.fault') && "+has("key is disabled"))
	b.wantNoFaults(t)
}

// holdEveryPush makes each push of a tenant wait for an admin.
func holdEveryPush(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	tn.Record.Configs = tenant.ConfigRules{HoldPushes: true}
	if err := tn.Cloud.Directory.Put(t.Context(), tn.Record); err != nil {
		t.Fatal(err)
	}
}

// hold reviews files as a persona, and pushes them as the builder in a commit with a message. It
// returns the digest.
func hold(t *testing.T, tn *cloudtest.Tenant, by, message string, files []configtree.File, waivers ...map[string]any) string {
	t.Helper()
	tree, faults := configtree.New(files)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	path, digest := cloudtest.ConfigPath(tn.Workspace), tree.Digest().String()
	review := map[string]any{"files": len(files), "bytes": tree.Bytes(), "waivers": waivers}
	tn.Do(t, by, http.MethodPut, path+"/reviews/"+digest, review).Want(t, http.StatusOK)
	r := tn.Do(t, "builder", http.MethodPost, path+".git/git-receive-pack", cloudtest.NewCommit(t, tn.MainOf(t, tn.Workspace), message, files)).Want(t, http.StatusOK)
	if !strings.Contains(string(r.Body), "held for approval") {
		t.Fatalf("the push is not held: %s", r.Body)
	}
	return digest
}

func TestAnAdminDecidesAboutPushesInTheConsole(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	holdEveryPush(t, tn)
	before := hold(t, tn, "builder", "change", cloudtest.SLX("before"))
	tn.Do(t, "admin", http.MethodPost, cloudtest.ConfigPath(tn.Workspace)+"/reviews/"+before+"/approve", nil).Want(t, http.StatusOK)
	first := hold(t, tn, "builder", "change", cloudtest.SLX("after"), map[string]any{"rule": "email", "reason": "the address of a team"})
	own := hold(t, tn, "admin", "change", cloudtest.SLX("own"))

	viewer := newTab(t, c)
	viewer.signIn(t, tn, "viewer")
	viewer.open(t, tn, "config/reviews/"+first, has("waits for approval")+" && "+has("the address of a team")+" && "+has("Only admins see what it changes."))
	if eval[bool](t, viewer, "[...document.querySelectorAll('main button')].some((x) => /Approve|Reject/.test(x.textContent))") {
		t.Error("a viewer sees buttons")
	}
	viewer.open(t, tn, "overview", has("Newest runs")+" && !document.querySelector('.loading-block')")
	if eval[bool](t, viewer, "!!document.querySelector('.to-do')") {
		t.Error("a viewer is asked to decide")
	}
	viewer.wantNoFaults(t)

	b := newTab(t, c)
	b.refusals = append(b.refusals, 409)
	b.signIn(t, tn, "admin")
	b.wait(t, has("2 pushes of the configuration wait"))
	b.clickOn(t, "document.querySelector('.to-do a')")
	b.wait(t, "location.hash.endsWith('/config/reviews?push=waiting') && document.querySelectorAll('main tbody tr').length === 2")
	b.wantAccessible(t, "config-reviews")
	b.open(t, tn, "config/reviews/"+first, "document.querySelectorAll('.diff .added').length === 1 && document.querySelectorAll('.diff .removed').length === 1")
	if got := eval[string](t, b, "document.querySelector('.diff').innerText"); !strings.Contains(got, "alias: before") || !strings.Contains(got, "alias: after") {
		t.Errorf("the difference is %q", got)
	}
	b.wantAccessible(t, "config-push")
	b.click(t, "Approve…")
	b.wait(t, "document.activeElement.closest('dialog')?.open")
	b.wantAccessible(t, "config-approve")
	b.press(t, "\x1b")
	b.wait(t, "!document.querySelector('dialog')")
	b.click(t, "Approve…")
	b.click(t, "Approve it")
	b.wait(t, has("The push is approved.")+" && "+has("in effect")+" && !document.querySelector('[aria-label=Decision]')")

	late, winner := hold(t, tn, "builder", "change", cloudtest.SLX("late")), hold(t, tn, "builder", "change", cloudtest.SLX("winner"))
	b.open(t, tn, "config/reviews/"+late, "!!document.querySelector('.diff')")
	tn.Do(t, "admin", http.MethodPost, cloudtest.ConfigPath(tn.Workspace)+"/reviews/"+winner+"/approve", nil).Want(t, http.StatusOK)
	b.click(t, "Approve…")
	b.click(t, "Approve it")
	b.wait(t, has("main has moved since this push; the builder must pull, review and push again"))

	large := hold(t, tn, "admin", "change", cloudtest.SLX("large"))
	// The platform leaves out the texts of a large push.
	eval[bool](t, b, `(() => { const real = window.fetch; window.fetch = async (url, options) => {
		const response = await real(url, options);
		if (!response.ok || !/reviews\/[0-9a-f]+\/files$/.test(String(url))) return response;
		const held = await response.json();
		return new Response(JSON.stringify({ ...held, truncated: true, changes: held.changes.map(({ text, ...c }) => c) })); }; return true; })()`)
	b.open(t, tn, "config/reviews/"+large, has("another admin must approve it")+" && "+has("The new texts have more than 8 MiB.")+" && "+has("The new text is left out"))
	if eval[bool](t, b, "[...document.querySelectorAll('main button')].some((x) => /Approve/.test(x.textContent))") {
		t.Error("an admin may approve an own review")
	}
	b.open(t, tn, "config/reviews/"+own, has("main has moved")+" && "+has("another admin must approve it"))
	b.click(t, "Reject…")
	b.click(t, "Reject it")
	b.wait(t, has("The push is rejected.")+" && "+has("rejected by"))
	b.open(t, tn, "config", has("2 pushes of the configuration wait")) // the late one and the large one
	b.wantNoFaults(t)
}

// differences compares random texts. It returns what is wrong: a text that the difference does
// not have, or more changes than the longest common subsequence needs.
const differences = `(async () => {
	const { diffLines, hunksOf } = await import('/console/assets/%s');
	let seed = %d;
	const random = (n) => { seed = (seed * 1103515245 + 12345) %% 2147483648; return Math.floor(seed / 65536) %% n; };
	const text = () => Array.from({ length: random(9) }, () => 'abc'[random(3)] + (random(8) ? '\n' : '\r\n')).join('') + (random(3) ? '' : 'a');
	const lines = (t) => t === '' ? [] : t.split(/(?<=\n)/);
	const common = (a, b) => a.length && b.length ? a[0] === b[0] ? 1 + common(a.slice(1), b.slice(1)) : Math.max(common(a.slice(1), b), common(a, b.slice(1))) : 0;
	for (let n = 0; n < 500; n++) {
		const a = text(), b = text(), all = diffLines(a, b);
		const side = (change) => all.filter((l) => l.change !== change).map((l) => l.text).join('');
		if (side('+') !== a || side('-') !== b) return 'not the texts: ' + JSON.stringify([a, b, all]);
		const changes = all.filter((l) => l.change !== ' ').length;
		if (changes !== lines(a).length + lines(b).length - 2 * common(lines(a), lines(b))) return 'too many changes: ' + JSON.stringify([a, b, all]);
		let before = 0, after = 0;
		for (const l of all) if (l.change !== '+' && l.before !== ++before || l.change !== '-' && l.after !== ++after) return 'wrong numbers: ' + JSON.stringify(all);
		const shown = hunksOf(all);
		if (shown.filter((l) => l && l.change !== ' ').length !== changes || shown.some((l, i) => !l && !shown[i + 1] && i + 1 < shown.length)) return 'wrong hunks: ' + JSON.stringify(shown);
	}
	const long = (c) => Array.from({ length: 30000 }, (_, n) => c + n + '\n').join('');
	const far = diffLines('x\n' + long('a') + 'y\n', 'x\n' + long('b') + 'y\n');
	return far.length === 60002 && far[0].change === ' ' && far.at(-1).change === ' ' ? '' : 'a replacement has ' + far.length + ' lines';
})()`

func TestDifferencesHaveBothTextsAndTheFewestChanges(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	b := newTab(t, c)
	b.do(t, chromedp.Navigate(c.ConsoleURL()))
	b.wait(t, "!!document.querySelector('#tenant')")
	seed := time.Now().UnixNano() % 1_000_000
	if wrong := eval[string](t, b, fmt.Sprintf(differences, part(t, "diff"), seed)); wrong != "" {
		t.Errorf("with the seed %d: %s", seed, wrong)
	}
	b.wantNoFaults(t)
}

func TestANextTaskLinksItsConfiguration(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	reportIssues(t, tn, "Drain queue orders", `{"severity":2,"title":"The queue grows","nextSteps":"Drain queue orders"}`)
	tn.Do(t, "admin", http.MethodPut, "/v1/workspaces/"+string(tn.Workspace)+"/assistants/oncall", map[string]any{"name": "Edgar", "relevance": 0, "accessLevel": "read-write"}).Want(t, http.StatusOK)
	const head = "apiVersion: runwhen.com/v1\nkind: "
	tn.PushCommit(t, tn.Workspace, "configure the queue\n", []configtree.File{
		{Path: "queue/slx.yaml", Data: []byte(head + "ServiceLevelX\nmetadata: {name: prod--dns}\nspec: {alias: The queue, additionalContext: {qualified_name: broker-1}}\n")},
		{Path: "queue/tasks.yaml", Data: []byte(head + "TaskSet\nmetadata: {name: prod--dns}\nspec: {tasks: [\"Drain queue ${QUEUE}\"]}\n")},
	})
	c.Drain(t)
	b := newTab(t, c)
	b.signIn(t, tn, "viewer")
	b.wait(t, has("configured for the SLX The queue on broker-1")+" && "+has("queue/tasks.yaml"))
	b.wantAccessible(t, "overview-configured")
	b.clickOn(t, "[...document.querySelectorAll('main a')].find((a) => a.innerText === 'queue/tasks.yaml')")
	b.wait(t, "location.hash.includes('/config/files/') && document.querySelector('log-view')?.innerText.includes('Drain queue ${QUEUE}')")

	// An SLX that ran and is configured is one node.
	b.open(t, tn, "graph", has("The queue")+" && "+has("cluster-1")+" && "+has("broker-1"))
	if got := eval[int](t, b, "[...document.querySelectorAll('.tree summary')].filter((s) => s.innerText.startsWith('SLX')).length"); got != 1 {
		t.Errorf("the SLX has %d nodes", got)
	}
	b.fill(t, "slx", "dns")
	b.click(t, "Show")
	b.wait(t, has("The queue")+" && "+has("cluster-1"))
	b.fill(t, "slx", "other")
	b.click(t, "Show")
	b.wait(t, has("Nothing belongs to this SLX."))
	b.fill(t, "slx", "")
	b.click(t, "Show")
	b.wait(t, has("The queue"))
	b.fill(t, "of", "runs")
	b.wait(t, "location.hash.endsWith('?of=runs') && "+has("cluster-1")+" && !("+has("broker-1")+")")
	b.wantNoFaults(t)
}
