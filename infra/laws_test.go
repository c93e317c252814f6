package infra_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// law is a row of the README's table of laws.
type law struct {
	number, text, proof string
}

var (
	lawRow    = regexp.MustCompile(`(?m)^\| ([0-9]+) \| (\*\*.+) \| (.+) \|$`)
	lawTest   = regexp.MustCompile(`(?m)^func (TestLaw([0-9]+)\w*)\(\w+ \*testing\.T\)`)
	lawProofs = regexp.MustCompile("^((?:`TestLaw[0-9]+\\w*`(?:, )?)+) in ([a-z0-9/]+)$")
)

const notBuilt = "not built yet: "

// TestReadmeTiesEveryLawToItsTests compares the README's table of laws to the
// tests in the tree, in both directions.
func TestReadmeTiesEveryLawToItsTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range lawFaults(readLaws(string(text)), lawTests(t, os.DirFS(".."))) {
		t.Error(fault)
	}
}

// readLaws reads the rows of the table of laws.
func readLaws(readme string) []law {
	var laws []law
	for _, m := range lawRow.FindAllStringSubmatch(readme, -1) {
		laws = append(laws, law{m[1], m[2], m[3]})
	}
	return laws
}

// lawTests finds each TestLawN of a tree: the law's number by "TestLawN… in
// directory".
func lawTests(t *testing.T, tree fs.FS) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(tree, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(tree, file)
		for _, m := range lawTest.FindAllSubmatch(text, -1) {
			found[string(m[1])+" in "+path.Dir(file)] = string(m[2])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// lawFaults lists every disagreement between the table and the tests.
func lawFaults(laws []law, tests map[string]string) (faults []string) {
	if len(laws) == 0 {
		return []string{"README.md has no table of laws"}
	}
	built := map[string]bool{}
	for i, l := range laws {
		if want := i + 1; l.number != itoa(want) {
			faults = append(faults, "the laws are not numbered 1, 2, 3, …: row "+itoa(want)+" has number "+l.number)
		}
		if !strings.HasPrefix(l.proof, notBuilt) {
			built[l.number] = true
			faults = append(faults, proofFaults(l, tests)...)
		}
	}
	for _, test := range slices.Sorted(maps.Keys(tests)) {
		if number := tests[test]; !built[number] {
			faults = append(faults, test+" exists, but README.md does not name a test of law "+number)
		}
	}
	return faults
}

// proofFaults lists the tests of a row that do not exist.
func proofFaults(l law, tests map[string]string) (faults []string) {
	m := lawProofs.FindStringSubmatch(l.proof)
	if m == nil {
		return []string{"law " + l.number + ": want `TestLaw" + l.number + "…` in DIRECTORY, or \"" + notBuilt + "REASON\", have: " + l.proof}
	}
	for name := range strings.SplitSeq(m[1], ", ") {
		if test := strings.Trim(name, "`") + " in " + m[2]; tests[test] != l.number {
			faults = append(faults, "law "+l.number+": there is no test "+test+" that carries the law's number")
		}
	}
	return faults
}
