package console_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// hostileTexts try to run, to leave their element, or to break the layout.
var hostileTexts = map[string]string{
	"a script":                     "<script>document.title='run'</script>",
	"an image that fails":          `"><img src=x onerror="document.title='run'">`,
	"a link that runs":             "[x](javascript:document.title='run')<a href=javascript:document.title='run'>x</a>",
	"a style":                      "<style>*{display:none}</style><link rel=stylesheet href=//elsewhere.example>",
	"a frame":                      "<iframe srcdoc='<script>parent.document.title=1</script>'></iframe></main></body></html>",
	"a node of Preact as JSON":     `{"type":"script","props":{"children":"document.title='run'","dangerouslySetInnerHTML":{"__html":"<b>x</b>"}},"key":null,"ref":null,"__v":1,"constructor":null}`,
	"a template":                   "${document.title='run'} {{constructor.constructor('document.title=1')()}} #{7*7}",
	"escapes of a terminal":        "\x1b[31mred\x1b]8;;javascript:document.title='run'\x07link\x1b]8;;\x07\u009b31m",
	"characters that turn text":    "\u202e\u2066evil\u2069\u200b\ufeff\u2028\u2029end",
	"marks on marks":               "Z" + strings.Repeat("\u0301\u0489", 100) + "algo",
	"one long word":                strings.Repeat("W", 3000),
	"a long word without a break":  strings.Repeat("\u00a0x", 500),
	"wide characters":              strings.Repeat("\u5e83\U0001f9d1\u200d\U0001f680", 200),
	"prototypes":                   "__proto__ constructor toString hasOwnProperty",
	"an SQL and a shell injection": "'; DROP TABLE users;-- $(touch /tmp/x) `id` %s %n",
}

// Each hostile text is in every field of an issue, in the names of tasks, SLXs and
// resources, in the reason of an ignored issue and in the name of an assistant.
func TestHostileTextsStayTexts(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	base := "/v1/workspaces/" + string(tn.Workspace)
	var ids []string
	for name, text := range hostileTexts {
		run := cloudtest.NewRun(t)
		now := c.Clock.Now().UTC()
		short := string([]rune(text)[:min(len([]rune(text)), 60)])
		start := map[string]any{"task": short, "slx": short, "resource": short, "start": now}
		if r := tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), start); r.Status != http.StatusOK {
			start = map[string]any{"task": "plain", "slx": "plain", "resource": "plain", "start": now} // no control characters in names
			tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), start).Want(t, http.StatusOK)
		}
		line, err := json.Marshal(map[string]any{
			"severity": 1, "title": text + name, "details": strings.Repeat(text+"\n", 3), "expected": text, "actual": text, "reproduceHint": text, "nextSteps": text, "fingerprint": name,
		})
		if err != nil {
			t.Fatal(err)
		}
		tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/report", map[string]any{
			"end": now.Add(time.Second), "outcome": "failure", "exitCode": 1, "issues": []map[string]string{{"line": string(line)}},
		}).Want(t, http.StatusOK)
	}
	huge, err := json.Marshal(map[string]any{"severity": 1, "title": strings.Repeat("<b>x", 25_000), "details": strings.Repeat("<i>y", 25_000)})
	if err != nil {
		t.Fatal(err)
	}
	reportIssues(t, tn, "huge", string(huge))
	tn.Do(t, "admin", http.MethodPut, base+"/assistants/oncall", map[string]any{"name": hostileTexts["an image that fails"], "relevance": 0}).Want(t, http.StatusOK)
	var page struct {
		Issues []struct{ ID string }
	}
	tn.Search(t, "viewer", base+"/issues", "").Want(t, http.StatusOK).JSON(t, &page)
	for _, i := range page.Issues {
		ids = append(ids, i.ID)
		tn.Do(t, "viewer", http.MethodPost, base+"/issues/"+i.ID+"/ignore", map[string]any{"until": c.Clock.Now().Add(-time.Second)}).Want(t, http.StatusOK)
	}
	if len(ids) < len(hostileTexts) {
		t.Fatalf("there are %d issues", len(ids))
	}

	configPages := configureHostileTexts(t, tn)
	b := newTab(t, c)
	b.signIn(t, tn, "admin")
	if _, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 320, Height: 640, DeviceScaleFactor: 1, Mobile: false}); err != nil {
		t.Fatal(err)
	}
	pages := append([]string{"overview", "issues", "runs", "slis", "graph", "exports", "audit", "models", "settings"}, configPages...)
	for _, id := range ids {
		pages = append(pages, "issues/"+id)
	}
	for _, path := range pages {
		b.open(t, tn, path, "!!document.querySelector('main h1') && !document.querySelector('.loading-block')")
		b.wantHarmless(t, path)
	}
	b.wantNoFaults(t)
}

// configureHostileTexts makes a configuration whose texts, messages and reasons are hostile, and
// whose paths are long. It returns the pages that show it.
func configureHostileTexts(t *testing.T, tn *cloudtest.Tenant) (pages []string) {
	t.Helper()
	var text, all strings.Builder
	for name, hostile := range hostileTexts {
		fmt.Fprintf(&text, "%s\t%s\r\n", name, hostile)
		all.WriteString(hostile + "\n")
	}
	slx := cloudtest.SLX(fmt.Sprintf("%q\n  tags: [{name: %[1]q, value: %[1]q}]", hostileTexts["a script"]))
	long := configtree.File{Path: strings.Repeat(strings.Repeat("d", 40)+"/", 7) + strings.Repeat("f", 100) + ".md", Data: []byte(text.String())}
	holdEveryPush(t, tn)
	path, digest := cloudtest.ConfigPath(tn.Workspace), hold(t, tn, "builder", hostileTexts["an image that fails"]+"\n\n"+all.String(), append(slx, long))
	tn.Do(t, "admin", http.MethodPost, path+"/reviews/"+digest+"/approve", nil).Want(t, http.StatusOK)
	tn.Cloud.Drain(t)
	var waivers []map[string]any
	for _, hostile := range hostileTexts {
		waivers = append(waivers, map[string]any{"rule": "email", "path": long.Path, "reason": string([]rune(hostile)[:min(len([]rune(hostile)), 100)])})
	}
	after := []configtree.File{{Path: long.Path, Data: []byte(strings.ToUpper(text.String()))}, {Path: "new.md", Data: []byte(all.String())}}
	held := hold(t, tn, "builder", "change", after, waivers...)
	return []string{"config", "config/history", "config/reviews", "config/reviews/" + held, "config/files/" + configtree.SumOf(long).Hash()}
}

// wantHarmless fails the test if a text ran, became an element, or makes the page wider
// than the window.
func (b *tab) wantHarmless(t *testing.T, page string) {
	t.Helper()
	if got := eval[string](t, b, "document.title"); got != "Strongroom" {
		t.Errorf("%s: the title is %q", page, got)
	}
	if got := eval[int](t, b, "document.querySelectorAll('main img, main script, main iframe, main style, main link, main b, main i, [onerror], a[href^=\"javascript\"]').length"); got != 0 {
		t.Errorf("%s: %d elements come from a text", page, got)
	}
	if got := eval[float64](t, b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); got > 0 {
		t.Errorf("%s: the page is %v pixels too wide: %s", page, got, eval[string](t, b, `[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll-x')).slice(0, 3).map((e) => e.outerHTML.slice(0, 150)).join(' | ')`))
	}
	if got := eval[string](t, b, "JSON.stringify(history.state)"); got != "null" {
		t.Errorf("%s: the state of the history is %s", page, got)
	}
	if got := eval[string](t, b, "location.href + JSON.stringify({...localStorage, ...sessionStorage})"); strings.Contains(got, "title") {
		t.Errorf("%s: the address or the storage has a text: %s", page, got)
	}
}

// A person changes the address to a workspace and to objects that are not theirs.
func TestAddressesOfOtherWorkspacesShowNothing(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, other := c.Tenant(t, "prod", "secret"), c.Tenant(t)
	run := reportIssues(t, other, "their-task", `{"severity":1,"title":"their issue"}`)
	var page struct {
		Issues []struct{ ID string }
	}
	other.Search(t, "viewer", "/v1/workspaces/"+string(other.Workspace)+"/issues", "").Want(t, http.StatusOK).JSON(t, &page)
	id := page.Issues[0].ID
	files := cloudtest.SLX("their-alias")
	file := configtree.SumOf(files[0]).Hash()
	other.PushConfig(t, other.Workspace, files)
	held := other.HoldConfig(t, other.Workspace, cloudtest.SLX("their-alias changed"))
	b := newTab(t, c)
	b.signIn(t, tn, "viewer")
	b.refusals = append(b.refusals, 400)
	for _, workspace := range []string{"prod", "no-such", "..%2F..%2Ftenants", string(other.ID)} {
		for _, path := range []string{"overview", "issues", "issues/" + id, "runs", "runs/" + run, "runs/" + run + "/stdout.log", "slis", "graph", "config", "config/history", "config/reviews", "config/reviews/" + held, "config/files/" + file, "audit"} {
			eval[bool](t, b, fmt.Sprintf("location.hash = %q, true", "#/"+workspace+"/"+path))
			b.wait(t, "(!!document.querySelector('main h1') || !!document.querySelector('.fault')) && !document.querySelector('.loading-block')")
			if text := eval[string](t, b, "document.body.innerText"); strings.Contains(text, "their issue") || strings.Contains(text, "their-task") || strings.Contains(text, "their-alias") {
				t.Errorf("%s/%s shows another tenant's data: %s", workspace, path, text)
			}
		}
	}
	b.wantNoFaults(t)
}

func TestShortcutsCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	b := newTab(t, c)
	b.signIn(t, tn, "viewer")
	b.open(t, tn, "overview", has("Newest runs"))
	b.goTo(t, "gi", "issues")
	b.wait(t, "location.hash.endsWith('/issues') && "+has("Filter by name"))
	b.press(t, "/")
	b.wait(t, "document.activeElement.name === 'state'")
	eval[bool](t, b, "(document.querySelector('summary').click(), document.querySelector('[name=slx]').focus(), true)")
	b.press(t, "gr?")
	b.wait(t, "document.querySelector('[name=slx]').value === 'gr?' && location.hash.endsWith('/issues') && !document.querySelector('dialog')")
	eval[bool](t, b, "document.activeElement.blur(), dispatchEvent(new KeyboardEvent('keydown', {key: '?', isComposing: true})), true")
	b.press(t, "?")
	b.wait(t, "!!document.querySelector('dialog[open]')")
	b.wantAccessible(t, "help")
	b.clickOn(t, "document.querySelector('[name=shortcuts]')")
	b.click(t, "Close")
	b.wait(t, "!document.querySelector('dialog')")
	b.press(t, "gr?")
	b.reload(t)
	b.wait(t, "!!document.querySelector('header nav')")
	b.press(t, "?")
	if eval[bool](t, b, "!!document.querySelector('dialog') || !location.hash.endsWith('/issues')") {
		t.Error("a shortcut works although it is turned off")
	}
	b.wantNoFaults(t)
}

func TestEachPersonaOpensEachPage(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	for _, persona := range []string{"viewer", "auditor"} {
		b := newTab(t, c)
		b.signIn(t, tn, persona)
		for _, page := range []string{"overview", "issues", "runs", "slis", "graph", "config", "exports", "audit", "models", "settings"} {
			b.open(t, tn, page, "!!document.querySelector('main h1') && !document.querySelector('.loading-block')")
			fault := eval[string](t, b, "document.querySelector('.fault')?.innerText ?? ''")
			denied := persona == "viewer" && (page == "exports" || page == "audit" || page == "models" || page == "settings")
			if (fault != "") != denied || denied && !strings.Contains(fault, "forbidden") {
				t.Errorf("%s on %s sees the error %q", persona, page, fault)
			}
		}
		b.wantNoFaults(t)
	}
}

func TestTheDarkThemeHasContrast(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	reportIssues(t, tn, "dns-check", `{"severity":1,"title":"critical"}`, `{"severity":2,"title":"major"}`, `{"severity":3,"title":"minor"}`, `{"severity":4,"title":"informational"}`)
	reportSamples(t, tn, "latency", c.Clock.Now().UTC().Truncate(time.Second), 1, 2, 3)
	tn.Do(t, "admin", http.MethodPut, "/v1/workspaces/"+string(tn.Workspace)+"/assistants/oncall", map[string]any{"name": "Edgar"}).Want(t, http.StatusOK)
	tn.PushConfig(t, tn.Workspace, cloudtest.SLX("before"))
	push := tn.HoldConfig(t, tn.Workspace, cloudtest.SLX("after"))
	b := newTab(t, c)
	b.signIn(t, tn, "admin")
	dark := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, dark); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"overview", "issues", "runs", "slis", "slis/latency", "graph", "config", "config/reviews", "config/reviews/" + push, "models", "settings"} {
		b.open(t, tn, page, "!!document.querySelector('main h1') && !document.querySelector('.loading-block')")
		b.wantAccessible(t, "dark-"+strings.ReplaceAll(page, "/", "-"))
	}
	if got := eval[string](t, b, "getComputedStyle(document.body).backgroundColor"); got != "rgb(13, 17, 23)" {
		t.Errorf("the background is %s", got)
	}
	b.wantNoFaults(t)
}

// maxFirstView limits what a browser loads before it shows something, compressed.
const maxFirstView = 60 << 10

func TestTheFirstViewIsSmall(t *testing.T) {
	t.Parallel()
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("static/index.html")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("static/app.js")
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"index.html"}
	for _, name := range append([]string{"app.js", "app.css"}, importsOf(script)...) {
		if !bytes.Contains(page, []byte(name)) {
			t.Errorf("the page does not load %s", name)
		}
		files = append(files, name)
	}
	if len(files) < 4 {
		t.Errorf("the first view has only the files %v", files)
	}
	for _, name := range files {
		text, err := os.ReadFile("static/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("uPlot")) && name == "app.js" && len(text) > 1<<20 {
			t.Error("the chart library is in the first view")
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if compressed.Len() > maxFirstView {
		t.Errorf("the first view has %d bytes, want at most %d", compressed.Len(), maxFirstView)
	}
}

// importsOf returns the files that a script loads before it begins.
func importsOf(script []byte) (names []string) {
	for _, found := range regexp.MustCompile(`(?:from|import)"\./([^"]+)"`).FindAllSubmatch(script, -1) {
		names = append(names, string(found[1]))
	}
	return names
}
