package auditverify_test

import (
	"crypto/sha256"
	"testing"
	"testing/fstest"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/logtest"
	"github.com/strongroom-dev/strongroom/shared/auditverify"
)

// BenchmarkVerify compares the CPU time of verifying a copy with that of hashing the
// same bytes.
func BenchmarkVerify(b *testing.B) {
	const size = 20_000
	l := logtest.New(b, size)
	files := l.Copy(b, size)
	total := int64(0)
	for _, file := range files {
		total += int64(len(file.Data))
	}
	mine := func() {
		if r := verify(b, files, auditverify.Options{}); !r.OK() {
			b.Fatal(r.Faults)
		}
	}
	b.SetBytes(total)
	cloudtest.CompareCPU(b, mine, func() { hashAll(files) }, "sha256")
}

func hashAll(files fstest.MapFS) {
	for _, file := range files {
		sha256.Sum256(file.Data)
	}
}
