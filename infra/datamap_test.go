package infra_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

// TestReadmeShowsTheDataMap compares the README's data map to shared/dataclass. With
// -update, it writes the map.
func TestReadmeShowsTheDataMap(t *testing.T) {
	// Not parallel: another test writes another part of the same file.
	const file, start, end = "../README.md", "<!-- data map: written by `go test ./infra -run Readme -update` -->\n", "<!-- end of data map -->"
	text := readText(t, file)
	before, rest, found := strings.Cut(text, start)
	_, after, foundEnd := strings.Cut(rest, end)
	if !found || !foundEnd {
		t.Fatalf("README.md has no comments around the data map: want %q and %q", start, end)
	}
	want := before + start + dataMap(dataclass.Map()) + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(want, text); diff != "" {
		t.Errorf("run go test ./infra -run Readme -update: shared/dataclass (-) and README.md (+) differ:\n%s", diff)
	}
}

// dataMap returns the data map as Markdown.
func dataMap(m dataclass.DataMap) string {
	var b strings.Builder
	b.WriteString("| class | what it is | plain in | only encrypted by the application in | readers | a model may receive it | kept |\n|---|---|---|---|---|---|---|\n")
	for _, c := range m.Classes {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n",
			c.Class, c.What, join(c.Plain), join(c.Sealed), join(c.Readers), modelRule(c), c.Kept)
	}
	fmt.Fprintf(&b, "\n<details><summary>The %d locations that have data</summary>\n\n", len(m.Locations))
	b.WriteString("| place | location | what is there | plain | only encrypted by the application | kept |\n|---|---|---|---|---|---|\n")
	for _, l := range m.Locations {
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s |\n", l.Place, l.Name, l.What, join(l.Plain), join(l.Sealed), cmp.Or(l.Kept, "as its class is"))
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

func modelRule(c dataclass.ClassRow) string {
	switch {
	case !c.Model:
		return "never"
	case len(c.Consents) == 0:
		return "yes"
	}
	return "with the consents of " + join(c.Consents)
}

func join[T ~string](all []T) string {
	if len(all) == 0 {
		return "-"
	}
	var texts []string
	for _, each := range all {
		texts = append(texts, string(each))
	}
	return strings.Join(texts, ", ")
}

// TestTheDataMapHasEveryBucketAndTopic compares the data map to the buckets that
// Terraform creates and to the topics of suite.json.
func TestTheDataMapHasEveryBucketAndTopic(t *testing.T) {
	t.Parallel()
	var want []string
	files, err := filepath.Glob("modules/*/*.tf")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		module := filepath.Base(filepath.Dir(file)) + "/"
		for _, name := range matches(t, file, `(?m)^resource "google_storage_bucket" "([^"]+)"`) {
			if name != "this" {
				want = append(want, module+name)
				continue
			}
			block := regexp.MustCompile(`(?s)\n  buckets = \{\n.*?\n  \}\n`).FindString(readText(t, file))
			for _, m := range regexp.MustCompile(`(?m)^    (\w+) = \{`).FindAllStringSubmatch(block, -1) {
				want = append(want, module+m[1])
			}
		}
	}
	for _, topic := range table(t).Topics() {
		if !strings.HasPrefix(topic, "replayed-") { // the same messages again
			want = append(want, topic)
		}
	}
	var got []string
	for _, l := range dataclass.Locations() {
		if strings.HasSuffix(string(l.Place), "-bucket") && strings.Contains(l.Name, "/") || l.Place == dataclass.Message {
			got = append(got, l.Name)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("infra (-) and Locations in shared/dataclass/location.go (+) differ:\n%s", diff)
	}
}

// TestEveryCollectionHasARetention requires a sentence for each location of documents,
// and a TTL in Terraform for each one whose documents expire.
func TestEveryCollectionHasARetention(t *testing.T) {
	t.Parallel()
	documents := map[string]bool{}
	for _, l := range dataclass.Locations() {
		if l.Place != dataclass.TenantDocument && l.Place != dataclass.PlatformDocument {
			continue
		}
		documents[l.Name] = true
		if dataclass.Retentions[l.Name].Kept == "" {
			t.Errorf("say in dataclass.Retentions how long %s is kept", l.Name)
		}
	}
	for name := range dataclass.Retentions {
		if !documents[name] {
			t.Errorf("dataclass.Retentions has %s, which is no location of documents", name)
		}
	}
	got := map[string]string{}
	fields := regexp.MustCompile(`(?s)variable "ttl_fields" \{.*?default +=([^\n]*)`).FindStringSubmatch(readText(t, "modules/platform/variables.tf"))
	for _, m := range regexp.MustCompile(`(\w+) = "(\w+)"`).FindAllStringSubmatch(fields[1], -1) {
		got[m[1]] = m[2]
	}
	resource := regexp.MustCompile(`(?s)collection = "(\w+)"\n  field      = "(\w+)"\n\n  ttl_config \{\}`)
	for _, m := range resource.FindAllStringSubmatch(readText(t, "modules/database/main.tf"), -1) {
		got[m[1]] = m[2]
	}
	for _, m := range regexp.MustCompile(`(?s)resource "google_firestore_field" "retention\w*" \{\n  for_each = toset\(\[(.*?)\]\)`).FindAllStringSubmatch(readText(t, "modules/database/main.tf"), -1) {
		for _, c := range regexp.MustCompile(`"(\w+)"`).FindAllStringSubmatch(m[1], -1) {
			got[c[1]] = "expireTime"
		}
	}
	if diff := gocmp.Diff(dataclass.ExpiryFields(), got); diff != "" {
		t.Errorf("collections that expire in dataclass.Retentions (-) and in Terraform (+) differ:\n%s", diff)
	}
}
