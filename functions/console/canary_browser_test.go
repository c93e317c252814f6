package console_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/chromedp/chromedp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// TestLaw2TheBrowserStoresNoOutputAndNoText opens every page, and reads, searches and marks
// the output. Afterwards, neither the output nor any text of an issue is stored in the
// browser, or by the platform.
func TestLaw2TheBrowserStoresNoOutputAndNoText(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, run, profile := c.Tenant(t), cloudtest.NewRun(t), t.TempDir()
	b := newTab(t, c, chromedp.UserDataDir(profile))
	texts := map[string]string{}
	for _, name := range []string{"output", "title", "details", "expected", "actual", "reproduceHint", "nextSteps", "control", "path", "file", "message", "waiver"} {
		texts[name] = "canary" + rand.Text()
	}
	var watched []*cloudtest.Canary
	for name, text := range texts {
		if name != "control" {
			watched = append(watched, c.Watch(text))
		}
	}
	storeCanaries(t, tn, run, texts)
	file, review := configureCanaries(t, tn, texts)

	b.signIn(t, tn, "admin")
	for _, page := range []string{"overview", "issues", "runs", "runs/" + run, "slis", "graph", "config", "exports", "audit", "models", "settings"} {
		b.open(t, tn, page, "!document.querySelector('.loading-block') && document.querySelector('main').innerText.length > 20")
	}
	b.open(t, tn, "issues", "!!document.querySelector('[data-rows] a, table a')")
	b.wait(t, fmt.Sprintf("document.body.innerText.includes(%q)", texts["title"]))
	b.clickOn(t, "document.querySelector('[data-rows] a, table a')")
	for _, name := range []string{"details", "expected", "actual", "reproduceHint", "nextSteps"} {
		b.wait(t, fmt.Sprintf("document.body.innerText.includes(%q)", texts[name]))
	}
	b.openOutput(t, tn, run, "stdout.log")
	b.find(t, texts["output"])
	b.wait(t, fmt.Sprintf("document.querySelector('.match')?.textContent === %q", texts["output"]))
	b.fill(t, "line", "2")
	b.readConfiguration(t, tn, texts, file, review)
	b.wantNotStored(t, texts)

	// Without something to find, the searches could look in the wrong places.
	eval[bool](t, b, fmt.Sprintf("localStorage.setItem('control', %q), history.pushState(null, '', location.hash + '&control=' + %[1]q), true", texts["control"]))
	if err := chromedp.Cancel(b.ctx); err != nil {
		t.Fatal(err)
	}
	found := filesWith(t, profile, texts)
	if len(found["control"]) == 0 {
		t.Error("the control is not found in the profile directory, so this test finds nothing")
	}
	delete(found, "control")
	for name, files := range found {
		t.Errorf("%s is in %v of the profile directory", name, files)
	}
	for _, canary := range watched {
		canary.Search(t)
	}
	b.wantNoFaults(t)
}

// storeCanaries stores an output and an issue that have the texts.
func storeCanaries(t *testing.T, tn *cloudtest.Tenant, run string, texts map[string]string) {
	t.Helper()
	line, err := json.Marshal(map[string]any{
		"severity": 2, "title": texts["title"], "details": texts["details"], "expected": texts["expected"], "actual": texts["actual"],
		"reproduceHint": texts["reproduceHint"], "nextSteps": texts["nextSteps"],
	})
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("first\nan error " + texts["output"] + "\n")
	tn.Mint(t, run, cloudtest.PartOf("stdout.log", 1, data))[0].Put(t, data).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), map[string]any{"task": "check", "start": time.Now().UTC()}).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/report", map[string]any{
		"end": time.Now().UTC(), "outcome": "failure", "exitCode": 1,
		"outputs": []map[string]any{{"name": "stdout.log", "parts": 1}}, "issues": []map[string]any{{"line": string(line)}},
	}).Want(t, http.StatusOK)
	tn.Cloud.Drain(t)
}

// configureCanaries pushes a configuration that has the texts, and then one that waits. It
// returns the SHA-256 of a file in effect, and the digest of the push that waits.
func configureCanaries(t *testing.T, tn *cloudtest.Tenant, texts map[string]string) (file, review string) {
	t.Helper()
	files := cloudtest.SLX(texts["file"])
	files[0].Path = texts["path"] + ".yaml"
	holdEveryPush(t, tn)
	before := hold(t, tn, "builder", texts["message"], files)
	tn.Do(t, "admin", http.MethodPost, cloudtest.ConfigPath(tn.Workspace)+"/reviews/"+before+"/approve", nil).Want(t, http.StatusOK)
	tn.Cloud.Drain(t)
	changed := cloudtest.SLX(texts["file"] + " changed")
	changed[0].Path = files[0].Path
	return configtree.SumOf(files[0]).Hash(), hold(t, tn, "builder", "", changed, map[string]any{"rule": "email", "reason": texts["waiver"]})
}

// readConfiguration opens each page of the configuration, searches for a file by its path, and
// a file for a text.
func (b *tab) readConfiguration(t *testing.T, tn *cloudtest.Tenant, texts map[string]string, file, review string) {
	t.Helper()
	shows := func(name string) string { return has(texts[name]) }
	b.open(t, tn, "config/history", shows("message"))
	b.open(t, tn, "config/reviews/"+review, shows("waiver")+" && "+shows("path")+" && !!document.querySelector('.diff') && "+shows("file"))
	b.open(t, tn, "graph", shows("path"))
	b.open(t, tn, "config", shows("path"))
	b.fill(t, "path", texts["path"])
	b.clickOn(t, "document.querySelector('.tree a')")
	b.wait(t, fmt.Sprintf("location.hash.endsWith(%q) && document.querySelector('log-view')?.innerText.includes(%q)", file, texts["file"]))
	b.fill(t, "find", texts["file"])
	b.click(t, "Find")
	b.wait(t, fmt.Sprintf("document.querySelector('.match')?.textContent === %q", texts["file"]))
}

// wantNotStored fails the test if something that a page can read back has one of the texts.
func (b *tab) wantNotStored(t *testing.T, texts map[string]string) {
	t.Helper()
	stored := eval[string](t, b, `(async () => {
		const all = [location.href, document.title, JSON.stringify(history.state)];
		for (const s of [localStorage, sessionStorage]) all.push(JSON.stringify(s));
		for (const name of await caches.keys()) for (const r of await (await caches.open(name)).keys()) all.push(r.url);
		for (const d of await indexedDB.databases()) all.push('database ' + d.name);
		for (const e of performance.getEntries()) all.push(e.name);
		return all.join('\n');
	})()`)
	if !strings.Contains(stored, b.cloud.URL) {
		t.Fatalf("the page stores %q", stored)
	}
	for name, text := range texts {
		if strings.Contains(stored, text) {
			t.Errorf("%s is stored: %.500s", name, stored)
		}
	}
	if strings.Contains(stored, "database ") {
		t.Errorf("the page has a database: %.500s", stored)
	}
}

// filesWith returns the files below a directory that have one of the texts in some encoding.
func filesWith(t *testing.T, dir string, texts map[string]string) map[string][]string {
	t.Helper()
	found, files := map[string][]string{}, 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		files++
		for name, text := range texts {
			for _, encoded := range encodings(text) {
				if bytes.Contains(data, encoded) {
					found[name] = append(found[name], filepath.Base(path))
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("searched %d files", files)
	return found
}

// encodings returns a text as Chromium may write it.
func encodings(text string) [][]byte {
	wide := []byte{}
	for _, unit := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	all := [][]byte{[]byte(text), wide}
	for cut := range 3 { // base64 depends on the offset within groups of three bytes
		all = append(all, []byte(base64.StdEncoding.EncodeToString([]byte(text)[cut:len(text)-(len(text)-cut)%3])))
	}
	return all
}
