package cloud_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
)

func TestADirectoryBelongsToOneCloud(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "data")
	for range 2 { // the second time after the first has ended
		c, err := cloud.Start(t.Context(), cloud.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		_, err = cloud.Start(t.Context(), cloud.Options{Dir: dir})
		if !errors.Is(err, cloud.ErrInUse) || !strings.Contains(err.Error(), dir) {
			t.Errorf("a second cloud in the same directory: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADirectoryThatCannotBeUsedIsReported(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := cloud.Start(t.Context(), cloud.Options{Dir: file})
	if err == nil || !strings.Contains(err.Error(), "data directory") || !strings.Contains(err.Error(), file) {
		t.Errorf("a file as the directory: %v", err)
	}
}
