package infra_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// law is a row of the README's table of laws, which is the only list of them.
type law struct {
	number int
	proof  string // `TestLawN…`, `TestLawN…` in DIRECTORY; `TestLawN…` in DIRECTORY. Or notBuilt and a reason
}

const notBuilt = "not built yet: "

var (
	lawRow   = regexp.MustCompile(`(?m)^\| ([0-9]+) \| \*\*.+ \| (.+) \|$`)
	lawProof = regexp.MustCompile("^(`TestLaw[0-9]+\\w*`(?:, `TestLaw[0-9]+\\w*`)*) in ([a-z0-9/]+)$")
	lawTest  = regexp.MustCompile(`(?m)^func (TestLaw([0-9]+)\w*)\(\w+ \*testing\.T\)`)
)

// TestReadmeTiesEveryLawToItsTests compares the README's table of laws to the
// tests in the tree, in both directions.
func TestReadmeTiesEveryLawToItsTests(t *testing.T) {
	t.Parallel()
	laws := readLaws(readText(t, "../README.md"))
	if len(laws) == 0 {
		t.Fatal("README.md has no table of laws")
	}
	for _, fault := range lawFaults(laws, lawTests(t, os.DirFS(".."))) {
		t.Error(fault)
	}
}

// TestLawTableFaults tries what the table of laws must not say.
func TestLawTableFaults(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"emulator/suite/one_test.go": {Data: []byte("func TestLaw1WriteOnly(t *testing.T) {}\n\nfunc TestLaw1Signers(t *testing.T) {}\n")},
		"shared/gcp/two_test.go":     {Data: []byte("func TestLaw2NeverStored(t *testing.T) {}\n")},
	}
	const first, second = "| 1 | **Write-only.** Once | `TestLaw1WriteOnly`, `TestLaw1Signers` in emulator/suite |\n",
		"| 2 | **Never stored.** Nowhere | `TestLaw2NeverStored` in shared/gcp |\n"
	for name, c := range map[string]struct {
		readme string
		want   []string
	}{
		"every law names tests that exist": {readme: first + second},
		"a law that is not built has no test": {
			readme: first + second + "| 3 | **Later.** Some day | not built yet: it comes later |\n",
		},
		"a test of a law that the table says is not built": {
			readme: first + "| 2 | **Never stored.** Nowhere | not built yet: it comes later |\n",
			want:   []string{"TestLaw2NeverStored in shared/gcp exists, but the README names no test of law 2"},
		},
		"a test of a law that the table lacks": {
			readme: first, want: []string{"TestLaw2NeverStored in shared/gcp exists, but the README names no test of law 2"},
		},
		"a law names a test that does not exist": {
			readme: first + strings.Replace(second, "NeverStored`", "NotAtAll`", 1),
			want:   []string{"law 2: there is no TestLaw2NotAtAll in shared/gcp"},
		},
		"a law names the test of another law": {
			readme: first + "| 2 | **Never stored.** Nowhere | `TestLaw1WriteOnly` in emulator/suite |\n",
			want:   []string{"law 2: TestLaw1WriteOnly in emulator/suite is a test of law 1"},
		},
		"a law has neither a test nor a reason": {
			readme: first + second + "| 3 | **Later.** Some day | soon |\n",
			want:   []string{"law 3: write \"`TestLaw3…` in DIRECTORY\" or \"not built yet: REASON\", not \"soon\""},
		},
		"a law with tests in two directories": {
			readme: strings.Replace(first, "`TestLaw1WriteOnly`, `TestLaw1Signers` in emulator/suite", "`TestLaw1WriteOnly` in emulator/suite; `TestLaw1Signers` in shared/gcp", 1) + second,
			want:   []string{"law 1: there is no TestLaw1Signers in shared/gcp"},
		},
		"a number is left out": {
			readme: first + second + "| 4 | **Later.** Some day | not built yet: it comes later |\n",
			want:   []string{"row 3 of the laws has the number 4"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, lawFaults(readLaws(c.readme), lawTests(t, tree))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func readLaws(readme string) []law {
	var laws []law
	for _, m := range lawRow.FindAllStringSubmatch(readme, -1) {
		number, _ := strconv.Atoi(m[1])
		laws = append(laws, law{number, m[2]})
	}
	return laws
}

// lawTests finds each TestLawN of a tree: the number of its law, by "TestLawN… in
// DIRECTORY".
func lawTests(t *testing.T, tree fs.FS) map[string]int {
	t.Helper()
	found := map[string]int{}
	err := fs.WalkDir(tree, ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(tree, file)
		for _, m := range lawTest.FindAllStringSubmatch(string(text), -1) {
			found[m[1]+" in "+path.Dir(file)], _ = strconv.Atoi(m[2])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// lawFaults lists every disagreement between the table and the tests.
func lawFaults(laws []law, tests map[string]int) (faults []string) {
	built := map[int]bool{}
	for i, l := range laws {
		if l.number != i+1 {
			faults = append(faults, fmt.Sprintf("row %d of the laws has the number %d", i+1, l.number))
		}
		if !strings.HasPrefix(l.proof, notBuilt) {
			built[l.number] = true
			faults = append(faults, proofFaults(l, tests)...)
		}
	}
	for _, test := range slices.Sorted(maps.Keys(tests)) {
		if number := tests[test]; !built[number] {
			faults = append(faults, fmt.Sprintf("%s exists, but the README names no test of law %d", test, number))
		}
	}
	return faults
}

// proofFaults lists what is wrong with the tests that a row names.
func proofFaults(l law, tests map[string]int) (faults []string) {
	for proof := range strings.SplitSeq(l.proof, "; ") {
		m := lawProof.FindStringSubmatch(proof)
		if m == nil {
			return []string{fmt.Sprintf("law %d: write \"`TestLaw%d…` in DIRECTORY\" or \"%sREASON\", not %q", l.number, l.number, notBuilt, l.proof)}
		}
		faults = append(faults, testFaults(l, m[1], m[2], tests)...)
	}
	return faults
}

// testFaults lists what is wrong with the tests of a directory that a row names.
func testFaults(l law, names, directory string, tests map[string]int) (faults []string) {
	for name := range strings.SplitSeq(names, ", ") {
		test := strings.Trim(name, "`") + " in " + directory
		switch number, exists := tests[test]; {
		case !exists:
			faults = append(faults, fmt.Sprintf("law %d: there is no %s", l.number, test))
		case number != l.number:
			faults = append(faults, fmt.Sprintf("law %d: %s is a test of law %d", l.number, test, number))
		}
	}
	return faults
}
