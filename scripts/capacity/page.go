package main

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/strongroom-dev/strongroom/shared/export"
)

// pageText is infra/CAPACITY.md without its tables.
//
//go:embed page.md.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// writePage writes infra/CAPACITY.md for a load.
func writePage(out io.Writer, l load, m measurement) error {
	history, err := historyTable(growthText)
	if err != nil {
		return err
	}
	if err := pageTemplate.Execute(out, map[string]string{
		"Parts": number(l.Parts), "Runs": number(l.Runs), "Size": binarySize(l.PartBytes), "Tenants": number(l.Tenants), "Peak": number(l.Peak),
		"Operations": operationTable(l, m.run), "Prices": priceTable(l, m), "Units": unitTable(), "AuditEntries": number(m.audit.Entries), "Audit": auditTable(m.audit),
		"Stored": storedTable(l, m.run), "Growth": growthTable(l, m.run), "Before": beforeTable(l, m), "Retention": retentionTable(l, m.run), "Readers": readerTable(m.readers), "Models": modelTable(),
		"Exports": exportTable(), "Pulls": pullTable(), "History": history, "Limits": limitTable(l, m.run),
		"PlatformAccounts": number(m.accounts), "AccountsLeft": number(serviceAccounts - m.accounts),
	}); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

const serviceAccounts = 100 // of a project: cloud.google.com/iam/quotas

// markdown returns a table. The first row is its head.
func markdown(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// number writes n with commas: 1,000,000.
func number(n float64) string {
	digits := strconv.FormatFloat(math.Round(n), 'f', 0, 64)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// money writes dollars, to the cent if they are few.
func money(n float64) string {
	switch {
	case n == 0:
		return "0"
	case n < 0.01:
		return "below 0.01"
	case n < 10:
		return fmt.Sprintf("%.2f", n)
	}
	return number(n)
}

// significant writes n with two digits that count, such as 1.4 or 0.082.
func significant(n float64) string {
	if n >= 100 || n == 0 {
		return number(n)
	}
	return strconv.FormatFloat(n, 'g', 2, 64)
}

type row struct {
	name string
	n    float64
}

// resources are the rows of everything except requests.
func resources(o operations) []row {
	return []row{
		{"Firestore documents read", o.Reads}, {"Firestore documents written", o.Writes}, {"Firestore documents deleted", o.Deletes},
		{"Cloud KMS operations", o.KMS}, {"IAM signatures", o.SignBlob}, {"Pub/Sub messages", o.Messages}, {"objects created", o.Objects},
	}
}

func operationTable(l load, o operations) string {
	rows := [][]string{{"operation", "a run", "a day", "a second at peak"}}
	all := resources(o)
	for _, name := range slices.Sorted(maps.Keys(o.Requests)) {
		if o.Requests[name] > 0 {
			all = append(all, row{"requests of `" + name + "`", o.Requests[name]})
		}
	}
	for _, r := range all {
		rows = append(rows, []string{r.name, number(r.n), number(r.n * l.Runs), significant(l.peakPerSecond(r.n))})
	}
	return markdown(rows)
}

func priceTable(l load, m measurement) string {
	rows := [][]string{{"price", "USD a month", "calculated from the price of a"}}
	variable, fixed := prices(l, m.run, m.audit), fixedPrices(l)
	sums := [2]float64{}
	for i, all := range [][]price{variable, fixed} {
		for _, p := range all {
			sums[i] += p.dollar
			rows = append(rows, []string{p.name, money(p.dollar), p.unit.name})
		}
		name := []string{"**for the load**", "**fixed**"}[i]
		rows = append(rows, []string{name, "**" + number(sums[i]) + "**", ""})
	}
	rows = append(rows, []string{"**all**", "**" + number(sums[0]+sums[1]) + "**", fmt.Sprintf("%.5f for each run", (sums[0]+sums[1])/l.Runs/daysPerMonth)})
	return markdown(rows)
}

func unitTable() string {
	rows := [][]string{{"unit", "USD", "for", "listed at"}}
	for _, u := range units {
		rows = append(rows, []string{u.name, strconv.FormatFloat(u.usd*u.per, 'g', 4, 64), number(u.per), u.page})
	}
	return markdown(rows)
}

func auditTable(a auditCost) string {
	rows := [][]string{{"operation", "an entry", "a minute with entries", "an idle minute"}}
	minute, idle := resources(a.Minute), resources(a.Idle)
	for i, r := range resources(a.Entry) {
		if r.n+minute[i].n+idle[i].n > 0 {
			rows = append(rows, []string{r.name, number(r.n), number(minute[i].n), number(idle[i].n)})
		}
	}
	return markdown(rows)
}

func storedTable(l load, o operations) string {
	rows := [][]string{{"collection", "bytes a run", "GiB a month, with index entries"}}
	total := 0.0
	for _, name := range slices.Sorted(maps.Keys(o.Stored)) {
		bytes := o.Stored[name]
		if bytes < 50 {
			continue // it changed a document, but left no new one
		}
		total += bytes
		rows = append(rows, []string{"`" + name + "`", hundreds(bytes), number(l.monthlyGiB(bytes))})
	}
	return markdown(append(rows, []string{"**all**", "**" + hundreds(total) + "**", "**" + number(l.monthlyGiB(total)) + "**"}))
}

// hundreds rounds to 100, because the sizes of documents vary with the time and the
// names in them.
func hundreds(n float64) string { return number(math.Round(n/100) * 100) }

// monthlyGiB is what a month of runs adds to the database, rounded to 10.
func (l load) monthlyGiB(bytes float64) float64 {
	return math.Round(l.Runs*daysPerMonth*bytes*indexFactor/gib/10) * 10
}

func growthTable(l load, o operations) string {
	total := 0.0
	for _, bytes := range o.Stored {
		total += max(0, bytes)
	}
	month := l.monthlyGiB(total)
	rows := [][]string{{"after", "documents, GiB", "Firestore USD a month: stored", "its backups of 30 days", "key versions in hardware", "Cloud KMS USD a month"}}
	for _, after := range []struct {
		name string
		days float64
	}{{"a month", 30}, {"a year", 365}, {"five years", 5 * 365}} {
		stored := month * after.days / daysPerMonth
		versions := l.keyVersions(after.days)
		rows = append(rows, []string{
			after.name, number(stored), number(stored * firestoreMonth.usd), number(stored * backupsKept * firestoreBackup.usd),
			number(versions), number(versions * kmsHardwareVersion.usd),
		})
	}
	return markdown(rows)
}

// chattyParts is how many parts a runner uploads of a task that prints a line every 2.5
// seconds for 3 minutes: after 2, 4, 8, 16, 32 and 60 seconds, and at the end.
const chattyParts = 7

// onePart is what a part adds to a run.
var onePart = operations{Reads: 2, Writes: 2, KMS: kmsPerObject, Objects: 1}

// beforeTable compares what a run costs with what it cost before output waited for readers,
// operations had the fewest calls, and sweeps counted what is stored.
func beforeTable(l load, m measurement) string {
	rows := [][]string{{"run", "", "Firestore documents read", "written", "Cloud KMS operations", "USD for a million"}}
	for _, r := range []struct {
		what, when string
		ops        operations
	}{
		{"of 10 parts", "before", operations{Reads: 39, Writes: 29, KMS: 20, Objects: 10}},
		{"of " + number(l.Parts) + " parts", "now", m.run},
		{"of a task that prints a line every 2.5 seconds for 3 minutes", "before, 72 parts", operations{Reads: 247, Writes: 225, KMS: 144, Objects: 72}},
		{"the same", "now, " + number(chattyParts) + " parts", m.run.plus(onePart.times(chattyParts - l.Parts))},
	} {
		usd := r.ops.Reads*firestoreRead.usd + r.ops.Writes*firestoreWrite.usd + r.ops.KMS*kmsOperation.usd + r.ops.Objects*dualRegionWrite.usd
		rows = append(rows, []string{r.what, r.when, number(r.ops.Reads), number(r.ops.Writes), number(r.ops.KMS), money(usd * 1e6)})
	}
	return markdown(rows)
}

// retentionTable has what is stored if runs and their grants are deleted after some days, and
// what the deletion costs. Marking a document reads it, reads it again in the transaction or
// with the pass of the week, and writes it.
func retentionTable(l load, o operations) string {
	const readsToMark = 3
	month := l.monthlyGiB(max(0, o.Stored["runs"]) + max(0, o.Stored["grants"]))
	deleted := l.Runs * daysPerMonth * (1 + l.Parts)
	rows := [][]string{{"`run_days`", "runs and grants at most, GiB", "Firestore USD a month: stored", "marked and deleted"}}
	for _, days := range []float64{90, 400} {
		stored := month * days / daysPerMonth
		usd := deleted * (readsToMark*firestoreRead.usd + firestoreWrite.usd + firestoreDelete.usd)
		rows = append(rows, []string{number(days), number(stored), number(stored * firestoreMonth.usd), number(usd)})
	}
	return markdown(rows)
}

// backupsKept is how many copies of the database its backups are at most: 30 daily and
// 14 weekly ones.
const backupsKept = 30 + 14

func readerTable(all []reading) string {
	rows := [][]string{{"action", "Firestore documents read", "written", "USD for a million"}}
	for _, r := range all {
		usd := r.ops.Reads*firestoreRead.usd + r.ops.Writes*firestoreWrite.usd + r.ops.KMS*kmsOperation.usd
		rows = append(rows, []string{r.what, number(r.ops.Reads), number(r.ops.Writes), money(usd * 1e6)})
	}
	return markdown(rows)
}

// modelTable has the price of an average request, and of a feature that always uses its
// whole daily limit of tokens.
func modelTable() string {
	const tokensIn, tokensOut, tokensPerDay = 4000, 500, 1_000_000
	request := tokensIn*modelInput.usd + tokensOut*modelOutput.usd
	return markdown([][]string{
		{"requests", "USD"},
		{"1,000 explanations of 4,000 tokens in and 500 out", money(request * 1000)},
		{"a month of one feature of one tenant that uses all of its 1,000,000 tokens a day", money(tokensPerDay / (tokensIn + tokensOut) * daysPerMonth * request)},
	})
}

func exportTable() string {
	rows := [][]string{{"export of", "takes", "Firestore USD", "functions USD", "objects USD", "storage USD a month", "pull over the internet USD"}}
	for _, e := range exports() {
		rows = append(rows, []string{e.what, takes(e.duration), money(e.firestore), money(e.functions), money(e.objects), money(e.month), money(e.egress)})
	}
	return markdown(rows)
}

func takes(d time.Duration) string {
	switch {
	case d > export.MaxRequestedAge:
		return fmt.Sprintf("%.0f days: too long", d.Hours()/24)
	case d > 2*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

func limitTable(l load, o operations) string {
	rows := [][]string{{"limit", "applies to", "quota a second", "used", "reached at runs a day", "source", "what to do"}}
	for _, q := range limits(l, o) {
		rows = append(rows, []string{q.name, q.applies, significant(q.quota), fmt.Sprintf("%.0f%%", q.need/q.quota*100), reachedAt(l, q), q.source, q.remedy})
	}
	return markdown(rows)
}

// reachedAt returns the number of runs a day that reaches the limit, if nothing
// else changes.
func reachedAt(l load, q limit) string {
	if q.need <= 0 {
		return "never"
	}
	return significant(l.Runs*q.quota/q.need/1e6) + " million"
}
