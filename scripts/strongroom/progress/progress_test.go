package progress_test

import (
	"bytes"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/progress"
)

// safeBuffer may be written to by several.
type safeBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func TestPlainLinesComeEveryFiveSecondsAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out safeBuffer
		m := progress.New(progress.Upload, &out, false)
		m.Expect(4 << 20)
		m.Show()
		time.Sleep(500 * time.Millisecond) // so that nothing happens as a line is written
		for range 12 {
			m.Moved(100 << 10)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute) // no progress, so no line
		m.End()
		want := "uploaded 500.0 KiB of 4.0 MiB, 100.0 KiB/s, 36s left\n" +
			"uploaded 1000.0 KiB of 4.0 MiB, 100.0 KiB/s, 31s left\n" +
			"uploaded 1.2 MiB of 4.0 MiB, 80.0 KiB/s, 36s left\n"
		if out.String() != want {
			t.Errorf("lines are\n%s", out.String())
		}
	})
}

func TestQuietMeansNoProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out safeBuffer
		m := progress.New(progress.Upload, &out, true)
		m.Show()
		m.Moved(1)
		time.Sleep(time.Minute)
		m.Printf("warning")
		m.End()
		if out.String() != "warning\n" {
			t.Errorf("printed %q", out.String())
		}
	})
}
