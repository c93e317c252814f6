package findings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
)

// BenchmarkScan scans 1 MB in 650 files.
func BenchmarkScan(b *testing.B) {
	text := "apiVersion: runwhen.com/v1\nkind: Runbook\nmetadata: {name: a}\nspec:\n" +
		strings.Repeat("  - {name: KUBERNETES_NAMESPACE, value: the value of a field of this document, in words}\n", 17)
	var files []configtree.File
	for i := range 650 {
		files = append(files, configtree.File{Path: fmt.Sprintf("%d.yaml", i), Data: []byte(text)})
	}
	tree, _ := configtree.New(files)
	b.SetBytes(tree.Bytes())
	for b.Loop() {
		if len(findings.Scan(tree)) > 0 {
			b.Fatal("there are findings")
		}
	}
}
