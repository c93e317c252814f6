package exportcopy

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/manifest"
)

// FuzzPlace tries to leave the directory of a copy, and to name a partial file.
func FuzzPlace(f *testing.F) {
	f.Add("runs/x.jsonl.gz", "", int64(0), int64(1))
	f.Add("parts/prod/run/x/00001", "outputs/prod/run/x@00004", int64(5), int64(1)<<62)
	f.Add("parts/prod/run/with~20space/00001", "outputs/prod/run/with~20space", int64(0), int64(1))
	f.Add("../x", "a/../../x", int64(-1), int64(-1))
	f.Fuzz(func(t *testing.T, name, assembled string, offset, size int64) {
		file := manifest.File{Name: name, Size: size}
		if assembled != "" {
			file.Part = &manifest.Part{Path: assembled, Offset: offset}
		}
		path, at, err := place(file)
		if err != nil {
			return
		}
		if !filepath.IsLocal(path) || filepath.Clean(path) != path || strings.ContainsAny(path, "\\:\x00 ") {
			t.Errorf("the path %q is accepted", path)
		}
		if manifest.IsPartial(path) || at < 0 || size < 0 || at+size < at {
			t.Errorf("%q from %d to %d is accepted", path, at, at+size)
		}
	})
}
