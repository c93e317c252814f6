package console_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// storedOutput is an output that a test stores: its parts, and the number of parts that the
// report claims.
type storedOutput struct {
	parts     [][]byte // a nil part is missing
	claimed   int      // 0: as many as there are
	uncounted bool     // the runner does not declare the number of lines
}

// storeOutputs stores outputs of one run. If end is true, it reports the end of the run.
func storeOutputs(t testing.TB, tn *cloudtest.Tenant, run string, end bool, outputs map[string]storedOutput) {
	t.Helper()
	claims := []map[string]any{}
	for name, o := range outputs {
		for i, data := range o.parts {
			if data == nil {
				continue
			}
			part := cloudtest.PartOf(name, i+1, data)
			if o.uncounted {
				part.Lines = nil
			}
			tn.Mint(t, run, part)[0].Put(t, data).Want(t, http.StatusOK)
		}
		claims = append(claims, map[string]any{"name": name, "parts": max(o.claimed, len(o.parts))})
	}
	if end {
		tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/report", map[string]any{
			"end": time.Now().UTC(), "outcome": "success", "exitCode": 0, "outputs": claims,
		}).Want(t, http.StatusOK)
	}
	tn.Cloud.Drain(t)
}

// one returns an output of one part.
func one(text string) storedOutput { return storedOutput{parts: [][]byte{[]byte(text)}} }

const manyLines = 50_000_000

// millions returns an output of 50,000,000 lines. Most are empty, so that it has only 48
// MiB. Every millionth line has its number, and so have some others.
func millions() storedOutput {
	numbered := func(n int) bool { return n == 1 || n == 33_333_333 || n == manyLines-1 || n%1_000_000 == 0 }
	var o storedOutput
	const inPart = 8_333_333
	for line := 1; line <= manyLines; {
		last := min(manyLines, line+inPart-1)
		if len(o.parts) == 5 {
			last = manyLines
		}
		part := bytes.Repeat([]byte("\n"), last-line+1)
		for n := last; n >= line; n-- {
			if numbered(n) {
				part = append(part[:n-line:n-line], append(fmt.Appendf(nil, "line %d", n), part[n-line:]...)...)
			}
		}
		o.parts, line = append(o.parts, part), last+1
	}
	return o
}

// row is a row that the viewer shows.
type row struct{ Number, Text string }

const visibleRows = `[...document.querySelectorAll('.log-row')].filter((r) => !r.hidden && r.offsetTop < document.querySelector('log-view').clientHeight)
	.map((r) => ({Number: r.querySelector('.log-number').dataset.n, Text: r.querySelector('.log-text').textContent.trimEnd()}))`

// rows returns the rows that the viewer shows.
func (b *tab) rows(t testing.TB) []row {
	t.Helper()
	return eval[[]row](t, b, visibleRows)
}

// waitRow waits until a row with a number and a text is in view.
func (b *tab) waitRow(t testing.TB, number, text string) {
	t.Helper()
	b.wait(t, fmt.Sprintf(`%s.some((r) => r.Number === %q && r.Text.includes(%q))`, visibleRows, number, text))
}

// openOutput opens an output, and waits until it shows something.
func (b *tab) openOutput(t testing.TB, tn *cloudtest.Tenant, run, output string) {
	t.Helper()
	b.open(t, tn, "none", "!document.querySelector('.output')") // so that the same output opens again
	b.open(t, tn, "runs/"+run+"/"+output, `!!document.querySelector('.output .status strong')`)
	b.wait(t, `!document.querySelector('.log-row:not([hidden]) .log-text.loading') && document.querySelectorAll('.log-row').length > 0`)
}

// keys sends keys to the viewer.
func (b *tab) keys(t testing.TB, keys string) {
	t.Helper()
	eval[bool](t, b, "document.querySelector('log-view').focus(), true")
	b.do(t, chromedp.KeyEvent(keys))
}

// find searches a text with the viewer's search.
func (b *tab) find(t testing.TB, text string) {
	t.Helper()
	b.keys(t, "/")
	b.wait(t, "!!document.querySelector('[name=find]')")
	b.fill(t, "find", text)
	eval[bool](t, b, "document.querySelector('form.search').requestSubmit(), true")
}

func TestFiftyMillionLinesAreShownExactly(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	b := newTab(t, c)
	tn, run := c.Tenant(t), cloudtest.NewRun(t)
	storeOutputs(t, tn, run, true, map[string]storedOutput{"stdout.log": millions()})
	b.signIn(t, tn, "viewer")
	b.openOutput(t, tn, run, "stdout.log")
	b.waitRow(t, "1", "line 1")
	b.keys(t, kb.End)
	b.waitRow(t, "50000000", "line 50000000")
	b.waitRow(t, "49999999", "line 49999999")
	wantConsecutive(t, b)
	b.fill(t, "line", "33333333")
	b.waitRow(t, "33333333", "line 33333333")

	// A drag of the thumb to the middle, and then a go to the exact line.
	eval[bool](t, b, "(() => { const v = document.querySelector('log-view'); v.scrollTop = (v.scrollHeight - v.clientHeight) / 2; return true; })()")
	b.wait(t, visibleRows+".some((r) => Math.abs(Number(r.Number) - 25000000) < 100)")
	b.fill(t, "line", "25000000")
	b.waitRow(t, "25000000", "line 25000000")
	wantConsecutive(t, b)

	// The wheel moves pixel by pixel, and back to the same place. PageDown moves by one view.
	first := b.rows(t)[0].Number
	for _, direction := range []int{1, -1} {
		before := b.rows(t)[0].Number
		for range 10 {
			eval[bool](t, b, fmt.Sprintf("(document.querySelector('log-view').scrollTop += %d, new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => r(true)))))", 90*direction))
		}
		want := fmt.Sprint(number(t, before) + 50*direction)
		b.wait(t, fmt.Sprintf("%s[0].Number === %q", visibleRows, want))
	}
	if got := b.rows(t)[0].Number; got != first {
		t.Errorf("the wheel went from line %s back to %s", first, got)
	}
	b.keys(t, kb.PageDown)
	b.wait(t, fmt.Sprintf("Number(%s[0].Number) > %s", visibleRows, first))
	wantConsecutive(t, b)
	b.keys(t, kb.Home)
	b.waitRow(t, "1", "line 1")
	b.wantNoFaults(t)
}

// number parses the number of a row.
func number(t testing.TB, text string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatalf("%q is not a number", text)
	}
	return n
}

// wantConsecutive fails the test unless the numbers of the rows in view are consecutive.
func wantConsecutive(t testing.TB, b *tab) {
	t.Helper()
	before := 0
	for _, r := range b.rows(t) {
		if r.Number == "" {
			continue
		}
		if n := number(t, r.Number); before != 0 && n != before+1 {
			t.Errorf("line %d follows line %d", n, before)
		}
		before = number(t, r.Number)
	}
}

func TestAnOutputIsFollowedUntilThePersonScrollsUp(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	b := newTab(t, c)
	tn, run := c.Tenant(t), cloudtest.NewRun(t)
	put := func(n int) {
		data := []byte(strings.Repeat("older\n", 199) + fmt.Sprintf("end of part %d\n", n))
		tn.Mint(t, run, cloudtest.PartOf("stdout.log", n, data))[0].Put(t, data).Want(t, http.StatusOK)
		c.Drain(t)
	}
	put(1)
	tn.Do(t, "runner", "PUT", tn.RunPath(run), map[string]any{"task": "check", "start": time.Now().UTC()})
	b.signIn(t, tn, "viewer")
	b.openOutput(t, tn, run, "stdout.log")
	b.keys(t, "f")
	for n := 1; n <= 3; n++ {
		if n > 1 {
			put(n)
		}
		b.waitRow(t, fmt.Sprint(200*n), fmt.Sprintf("end of part %d", n))
	}
	b.wait(t, "document.querySelector('.status').innerText.includes('Following')")
	b.keys(t, kb.PageUp)
	b.wait(t, "!document.querySelector('.status').innerText.includes('Following') && !"+visibleRows+".some((r) => r.Number === '600')")
	b.wantNoFaults(t)
}

func TestALineOf30MBIsShownInColumns(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	b := newTab(t, c)
	tn, run := c.Tenant(t), cloudtest.NewRun(t)
	const length = 30_000_000
	whole := []byte("begin\n" + strings.Repeat("0123456789", length/10-1) + "abcdefghi\u00fc"[:10] + "\nafter\n")
	var o storedOutput
	for len(whole) > 0 {
		n := min(len(whole), 8<<20)
		o.parts, whole = append(o.parts, whole[:n]), whole[n:]
	}
	storeOutputs(t, tn, run, true, map[string]storedOutput{"stdout.log": o})
	b.signIn(t, tn, "viewer")
	b.openOutput(t, tn, run, "stdout.log")
	b.waitRow(t, "2", "0123456789")
	b.waitRow(t, "3", "after")
	b.wait(t, "document.querySelector('.continues').dataset.note.endsWith('of 30,000,000')")
	if longest := eval[int](t, b, "Math.max(...[...document.querySelectorAll('.log-text')].map((e) => e.textContent.length))"); longest > 1001 {
		t.Errorf("a row has %d characters", longest)
	}
	b.find(t, "abcdefghi")
	b.waitRow(t, "2", "abcdefghi")
	b.wait(t, "document.querySelector('.match').textContent === 'abcdefghi'")
	b.wantNoFaults(t)
}

// A position of a number of its own is exact where no output was ever tried. The source is
// made in the page.
func TestRowsBeyondTwoToThe31AreExact(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	b := newTab(t, c)
	tn, run := c.Tenant(t), cloudtest.NewRun(t)
	storeOutputs(t, tn, run, true, map[string]storedOutput{"stdout.log": one("x\n")})
	b.signIn(t, tn, "viewer")
	b.openOutput(t, tn, run, "stdout.log")
	eval[bool](t, b, `document.querySelector('log-view').show({rows: 5e9, numbered: true, hex: false, chunkRows: 512, end: 'the end', bytes: async () => new Uint8Array(),
		read: async (first, last, signal) => {
			window.reads = [...window.reads ?? [], signal];
			if (window.held) await new Promise((r) => signal.addEventListener('abort', r));
			const lines = [], starts = [0], encoder = new TextEncoder();
			for (let n = first; n <= last; n++) { const line = encoder.encode('row ' + (n + 1) + '\n'); lines.push(...line); starts.push(lines.length); }
			return {bytes: new Uint8Array(lines), offset: 0, starts, length: -1};
		}}, false), true`)
	b.waitRow(t, "1", "row 1")
	b.keys(t, kb.End)
	b.waitRow(t, "5000000000", "row 5000000000")
	eval[bool](t, b, "document.querySelector('log-view').go(3333333332), true")
	b.waitRow(t, "3333333333", "row 3333333333")
	wantConsecutive(t, b)

	// While the thumb is dragged, nothing is fetched. What the person leaves is canceled.
	eval[bool](t, b, `(() => {
		window.reads = [];
		const view = document.querySelector('log-view');
		for (let n = 1; n <= 20; n++) { view.scrollTop = n * 100000; view.dispatchEvent(new Event('scroll')); }
		return true;
	})()`)
	b.wait(t, visibleRows+".some((r) => Math.abs(Number(r.Number) - 1250000000) < 1000000 && r.Text === 'row ' + r.Number)")
	if reads := eval[int](t, b, "window.reads.length"); reads > 2 {
		t.Errorf("a drag over 20 places fetched %d chunks", reads)
	}
	if got := eval[string](t, b, "(window.held = true, window.reads = [], [1e9 + 200, 2e9 + 200, 3e9 + 200].forEach((row) => document.querySelector('log-view').go(row)), window.reads.map((s) => s.aborted).join())"); got != "true,true,false" {
		t.Errorf("canceled: %s", got)
	}
	b.wantNoFaults(t)
}

// complaint is what users of another viewer complain about, tried in this one. The outputs
// are stored once, and one tab tries all rows in order.
type complaint struct {
	sentence string
	try      func(t *testing.T, b *tab, f complaintFixture)
}

type complaintFixture struct {
	tn           *cloudtest.Tenant
	ended, begun string // runs
}

func (f complaintFixture) open(t *testing.T, b *tab, output string) {
	t.Helper()
	b.openOutput(t, f.tn, f.ended, output)
}

// These complaints do not apply:
//
//   - folding of parts of a log (airflow#12879, travis#1920): nothing is folded
//   - a limit of the number of columns times lines (xterm.js): no grid is allocated
//   - an index of the whole file before anything is shown (lnav#548): the bucket has the
//     sizes, and the platform counts lines only before the ones that are requested
//   - error budgets and burn rates (sloth, pyrra, datadog): they are about the page of SLIs
//   - a list that loses its place (sentry#90187): it is about the page of issues
var complaints = []complaint{
	{"the number of matches is not capped at 100, and the search says how far it got (squid#1965)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "needles.log")
		b.find(t, "needle")
		b.wait(t, "document.querySelector('.finder').innerText.includes('Match 1 of 1,922, searched to the end')")
	}},
	{"the end is the end at the first try, and says so (squid#1965, grafana#129033)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "needles.log")
		b.keys(t, kb.End)
		b.waitRow(t, "3844", "hay 3844")
		b.waitRow(t, "", "End of the output. It is complete.")
	}},
	{"lines from before the page was opened are there (actions/runner#2131)", func(t *testing.T, b *tab, f complaintFixture) {
		b.openOutput(t, f.tn, f.begun, "growing.log")
		b.waitRow(t, "1", "before")
		b.waitRow(t, "", "The output is open, and may still grow.")
	}},
	{"a long output does not have to load as a whole (zebra#7637, gitlab#295654, grafana#19354)", func(t *testing.T, b *tab, f complaintFixture) {
		eval[bool](t, b, "performance.clearResourceTimings(), true")
		f.open(t, b, "long.log")
		b.keys(t, kb.End)
		b.waitRow(t, "200000", "row 200000")
		b.keys(t, kb.Home)
		b.waitRow(t, "1", "row 1")
		if loaded := eval[int](t, b, "performance.getEntriesByType('resource').reduce((n, e) => n + e.transferSize, 0)"); loaded == 0 || loaded > 1<<20 {
			t.Errorf("the page loaded %d bytes", loaded)
		}
	}},
	{"7,000 lines make no more elements than are in view (rundeck#8042, treeherder#9424)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "long.log")
		if n := eval[int](t, b, "document.querySelectorAll('*').length"); n > 1000 {
			t.Errorf("the page has %d elements", n)
		}
	}},
	{"Ctrl-F finds a line that is not rendered, and says what it searches (tekton/dashboard#1075)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "long.log")
		b.do(t, chromedp.KeyEvent("f", chromedp.KeyModifiers(2)))
		b.wait(t, "document.activeElement === document.querySelector('[name=find]') && document.querySelector('form.search').innerText.includes('searches the whole output')")
		b.fill(t, "find", "row 123456")
		eval[bool](t, b, "document.querySelector('form.search').requestSubmit(), true")
		b.waitRow(t, "123456", "row 123456")
	}},
	{"an output with a missing part says so after its last line (cirrus-ci-docs#1176, appveyor/ci#2357)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "gap.log")
		b.waitRow(t, "", "The output is incomplete")
		b.wait(t, "document.querySelector('.status').innerText.includes('incomplete: the run has ended')")
	}},
	{"a link opens at its lines, and marks exactly these (buildkite/feedback#473, travis#1501)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "long.log?lines=150000-150002")
		b.waitRow(t, "150001", "row 150001")
		if diff := cmp.Diff([]string{"150000", "150001", "150002"}, markedRows(t, b)); diff != "" {
			t.Errorf("marked lines: %s", diff)
		}
	}},
	{"a range of lines is marked with the mouse, and the address has only numbers", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "needles.log?lines=100-100")
		b.waitRow(t, "103", "needle 103")
		eval[bool](t, b, "document.querySelector('.log-number[data-n=\"103\"]').dispatchEvent(new MouseEvent('click', {bubbles: true, shiftKey: true})), true")
		b.wait(t, "location.hash.endsWith('?lines=100-103')")
		if diff := cmp.Diff([]string{"100", "101", "102", "103"}, markedRows(t, b)); diff != "" {
			t.Errorf("marked lines: %s", diff)
		}
	}},
	{"copied lines have no numbers, and their own characters (buildkite/feedback#473)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "colors.log")
		got := eval[string](t, b, `(() => {
			const rows = [...document.querySelectorAll('.log-row')].filter((r) => !r.hidden), range = document.createRange();
			range.setStart(rows[0].querySelector('.log-text'), 0);
			range.setEnd(rows[2].querySelector('.log-text'), rows[2].querySelector('.log-text').childNodes.length);
			getSelection().removeAllRanges(); getSelection().addRange(range);
			const data = new DataTransfer();
			document.querySelector('log-view').dispatchEvent(new ClipboardEvent('copy', {clipboardData: data, bubbles: true, cancelable: true}));
			return data.getData('text/plain');
		})()`)
		if got != strings.Join(strings.Split(colors, "\n")[:3], "\n") {
			t.Errorf("copied %q", got)
		}
	}},
	{"an output without counted lines is shown at once, by bytes, with a percentage (lnav#1188)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "uncounted.log")
		b.waitRow(t, "", "row 1")
		b.wait(t, "document.querySelector('.pager').innerText.includes('not counted') && document.querySelector('.pager').innerText.includes('(0.0 %)')")
		b.waitRow(t, "", "row 3")
		b.click(t, "Last page")
		b.wait(t, "document.querySelector('.pager').innerText.includes('524,288 to') && !document.querySelector('.output button:disabled[title=n]')")
		b.keys(t, kb.End)
		b.waitRow(t, "", "row 60000")
		b.waitRow(t, "", "End of the output. It is complete.")
		b.click(t, "Previous page")
		b.wait(t, "document.querySelector('.pager').innerText.includes('262,144 to') && !document.querySelector('.output button:disabled[title=n]')")
		b.keys(t, kb.End)
		b.waitRow(t, "", "The output continues on the next page.")
	}},
	{"a search with very many matches shows the first ones without waiting for all (lnav#1417)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "long.log")
		b.find(t, "row")
		b.wait(t, "document.querySelector('.finder').innerText.includes('Match 1 of 10,0') && document.querySelector('.finder').innerText.includes('so far, searched')")
	}},
	{"it opens at the first error, and n and p go to the next and the previous one (treeherder#9424)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "errors.log")
		for _, step := range []struct{ key, line string }{{"", "1000"}, {"n", "2000"}, {"n", "3000"}, {"p", "2000"}} {
			if step.key != "" {
				b.keys(t, step.key)
			}
			b.wait(t, fmt.Sprintf("document.querySelector('.log-row.marked .log-number')?.dataset.n === %q && %s.some((r) => r.Number === %q)", step.line, visibleRows, step.line))
		}
	}},
	{"a link in an escape sequence is text, and no escape remains (prysm-web-ui#179, svelte-highlight#524, agent-of-empires#3869)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "colors.log")
		b.waitRow(t, "2", "]8;;javascript:")
		if bad := eval[string](t, b, "[...document.querySelector('log-view').querySelectorAll('a, script, img')].map((e) => e.outerHTML).join() + (/[\\x1b\\u202e\\u200b]/.test(document.querySelector('log-view').innerText) ? 'escape' : '')"); bad != "" {
			t.Errorf("the page has %s", bad)
		}
		b.wait(t, "document.querySelector('.log-row .fg1')?.textContent === 'red'")
	}},
	{"a line of a report that looks like a node of the page is text (CVE-2026-22028)", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "report.jsonl")
		b.fill(t, "mode", "report")
		b.wait(t, "document.querySelector('.report')?.innerText.includes('End of the report')")
		if n := eval[int](t, b, "document.querySelectorAll('.report img, .report a, .report script').length"); n != 0 {
			t.Errorf("the report has %d elements that it must not have", n)
		}
		b.wait(t, "document.querySelector('.report').innerText.includes('<img src=x') && document.querySelectorAll('.report table tr').length === 3 && document.querySelector('.report').innerText.includes('\"dangerouslySetInnerHTML\"')")
		b.wantAccessible(t, "report")
	}},
	{"an output that is not text is shown as hexadecimal", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "binary.bin")
		b.waitRow(t, "", "0000000000  00 ff 00 01 68 69")
	}},
	{"it says who can see the output, and that the view is in the audit log", func(t *testing.T, b *tab, f complaintFixture) {
		f.open(t, b, "errors.log")
		b.wait(t, "document.querySelector('.output').innerText.includes('Viewers of this workspace, and auditors and admins of the tenant, can read this output. This view is in the audit log: entry ')")
	}},
}

const colors = "\x1b[31mred\x1b[0m \u202eevil\u202c\n\x1b]8;;javascript:document.title='run'\x07link\x1b]8;;\x07\nzero\u200bwidth \u009b31m\n<script>document.title='run'</script>\n"

const forged = `{"obj":{"type":"img","props":{"dangerouslySetInnerHTML":{"__html":"<img src=x>"}},"__v":1},"fmt":"json"}
{"obj":"<img src=x onerror=document.title='run'>","fmt":"p","taskName":"a task"}
{"obj":["javascript:document.title='run'","text"],"fmt":"a"}
{"obj":[["name","value"],["a","<script>1</script>"],["b",{"x":1}]],"fmt":"table"}
not JSON
{}
`

func TestComplaintsAboutOtherViewers(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	b := newTab(t, c)
	f := complaintFixture{c.Tenant(t), cloudtest.NewRun(t), cloudtest.NewRun(t)}
	storeOutputs(t, f.tn, f.ended, true, map[string]storedOutput{
		"needles.log": one(numbered(3844, func(n int) string { return fmt.Sprintf("%s %d", []string{"hay", "needle"}[n%2], n) })),
		"long.log":    one(numbered(200_000, func(n int) string { return fmt.Sprintf("row %d", n) })),
		"errors.log":  one(numbered(4000, func(n int) string { return []string{"an error", "fine"}[min(1, n%1000)] })),
		"gap.log":     {parts: [][]byte{[]byte("first\n"), nil, []byte("third\n")}},
		"uncounted.log": {parts: [][]byte{[]byte(numbered(60_000, func(n int) string { return fmt.Sprintf("row %d", n) }))},
			uncounted: true},
		"colors.log":   one(colors),
		"report.jsonl": one(forged),
		"binary.bin":   one("\x00\xff\x00\x01hi"),
	})
	storeOutputs(t, f.tn, f.begun, false, map[string]storedOutput{"growing.log": one("before\nthe page\n")})
	f.tn.Do(t, "runner", "PUT", f.tn.RunPath(f.begun), map[string]any{"task": "check", "start": time.Now().UTC()})
	b.signIn(t, f.tn, "viewer")
	for _, complaint := range complaints {
		t.Run(complaint.sentence, func(t *testing.T) { complaint.try(t, b, f) })
	}
	if title := eval[string](t, b, "document.title"); title != "Strongroom" {
		t.Errorf("the title is %q", title)
	}
	b.wantNoFaults(t)
}

// numbered returns n lines.
func numbered(n int, line func(int) string) string {
	var text strings.Builder
	for i := range n {
		text.WriteString(line(i+1) + "\n")
	}
	return text.String()
}

// markedRows returns the numbers of the marked rows in view.
func markedRows(t testing.TB, b *tab) []string {
	t.Helper()
	b.wait(t, "!!document.querySelector('.log-row.marked')")
	return eval[[]string](t, b, "[...document.querySelectorAll('.log-row.marked')].filter((r) => !r.hidden).map((r) => r.querySelector('.log-number').dataset.n)")
}
