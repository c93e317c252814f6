package console_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// BenchmarkFirstView opens the console as a person does who is signed in and has nothing
// cached. It reports the bytes that the browser receives for the page itself, the time of the
// largest paint, and how much the layout shifts.
func BenchmarkFirstView(b *testing.B) {
	c := cloudtest.Shared(b)
	page, tn := newTab(b, c), c.Tenant(b)
	page.signIn(b, tn, "viewer")
	for b.Loop() {
		page.do(b, chromedp.Navigate("about:blank"))
		page.do(b, chromedp.Navigate(c.ConsoleURL()+"?"+strconv.Itoa(b.N)))
		page.wait(b, "document.body.innerText.includes('Newest runs') && !document.querySelector('.loading-block')")
		files := eval[int](b, page, `performance.getEntries().filter((e) => e.entryType === 'navigation' || e.name.includes('/console/assets/')).reduce((n, e) => n + e.encodedBodySize, 0)`)
		b.ReportMetric(float64(files)/1024, "KiB-first-view")
		b.ReportMetric(eval[float64](b, page, observed("largest-contentful-paint", "entries.at(-1)?.startTime ?? 0")), "ms-largest-paint")
		b.ReportMetric(eval[float64](b, page, observed("layout-shift", "entries.reduce((n, e) => n + e.value, 0)")), "layout-shift")
	}
}

// observed returns an expression of what the browser measured since the page was opened.
func observed(kind, value string) string {
	return fmt.Sprintf(`new Promise((done) => {
		const entries = [], observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
		observer.observe({type: %q, buffered: true});
		setTimeout(() => done(%s), 300);
	})`, kind, value)
}

// BenchmarkScroll scrolls through 1,000,000 real lines in 600 frames, and reports the 95th
// percentile of the time between two frames.
func BenchmarkScroll(b *testing.B) {
	c := cloudtest.Shared(b)
	page, tn, run := newTab(b, c), c.Tenant(b), cloudtest.NewRun(b)
	const lines, parts = 1_000_000, 4
	var o storedOutput
	for p := range parts {
		text := numbered(lines/parts, func(n int) string { return fmt.Sprintf("\x1b[3%dmline\x1b[0m %d", n%8, p*lines/parts+n) })
		o.parts = append(o.parts, []byte(text))
	}
	storeOutputs(b, tn, run, true, map[string]storedOutput{"stdout.log": o})
	page.signIn(b, tn, "viewer")
	page.openOutput(b, tn, run, "stdout.log")
	page.keys(b, "g") // so that nothing else moves the view
	for b.Loop() {
		frames := eval[[]float64](b, page, fmt.Sprintf(`new Promise((done) => {
			const view = document.querySelector('log-view'), times = [];
			let n = 0, before = performance.now();
			const step = (now) => {
				times.push(now - before); before = now;
				view.go(n * %d, true);
				if (++n > 600) done(times.slice(1)); else requestAnimationFrame(step);
			};
			requestAnimationFrame(step);
		})`, lines/600))
		slices.Sort(frames)
		b.ReportMetric(frames[len(frames)*95/100], "ms-frame-p95")
	}
}

// BenchmarkTabMemory reads through 1 GiB in the viewer, and reports how much more memory the
// browser's renderers take after all of it than after the first quarter.
func BenchmarkTabMemory(b *testing.B) {
	c := cloudtest.Shared(b)
	page, tn, run := newTab(b, c), c.Tenant(b), cloudtest.NewRun(b)
	part := []byte(numbered((8<<20)/100, func(n int) string { return strings.Repeat("x", 90) + fmt.Sprintf("%08d", n%100_000_000) }))
	o := storedOutput{parts: make([][]byte, (1<<30)/(8<<20))}
	for i := range o.parts {
		o.parts[i] = part
	}
	storeOutputs(b, tn, run, true, map[string]storedOutput{"stdout.log": o})
	page.signIn(b, tn, "viewer")
	page.openOutput(b, tn, run, "stdout.log")
	rows := len(o.parts) * strings.Count(string(part), "\n")
	for b.Loop() {
		page.readThrough(b, 0, rows/4)
		before := rendererMemory(b)
		page.readThrough(b, rows/4, rows)
		b.ReportMetric(float64(rendererMemory(b)-before)/(1<<20), "MiB-growth")
	}
}

// readThrough shows all rows in order, each page until it is loaded.
func (b *tab) readThrough(t testing.TB, from, to int) {
	t.Helper()
	eval[bool](t, b, fmt.Sprintf(`(async () => {
		const view = document.querySelector('log-view');
		for (let row = %d; row < %d; row += 2048) {
			view.go(row, true);
			while (document.querySelector('.log-row:not([hidden]) .log-text.loading')) await new Promise((r) => setTimeout(r, 1));
		}
		return true;
	})()`, from, to))
}

var residentMemory = regexp.MustCompile(`VmRSS:\s+([0-9]+) kB`)

// rendererMemory returns the memory of the renderers of this process's browser, in bytes.
func rendererMemory(t testing.TB) (total int) {
	t.Helper()
	parents, renderers := map[string]string{}, map[string]int{}
	statuses, _ := filepath.Glob("/proc/[0-9]*/status") // the pattern is valid
	for _, path := range statuses {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the process has ended
		}
		pid := filepath.Base(filepath.Dir(path))
		if parent := regexp.MustCompile(`PPid:\s+([0-9]+)`).FindSubmatch(text); parent != nil {
			parents[pid] = string(parent[1])
		}
		command, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if kib := residentMemory.FindSubmatch(text); kib != nil && strings.Contains(string(command), "--type=renderer") {
			renderers[pid], _ = strconv.Atoi(string(kib[1])) // the pattern has only digits
		}
	}
	for pid, kib := range renderers {
		for ; pid != "" && pid != "0"; pid = parents[pid] {
			if pid == strconv.Itoa(os.Getpid()) {
				total += kib << 10
			}
		}
	}
	return total
}
