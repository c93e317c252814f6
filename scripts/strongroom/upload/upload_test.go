package upload_test

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/upload"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

const run = "01890a5d-ac96-774b-bcce-b302099a8057"

// bench is an uploader against a platform.
type bench struct {
	server *platformtest.Server
	client *api.Client
	stored sync.Map // part number to true
	moved  atomic.Int64
}

func newBench(t *testing.T, config platformtest.Config) *bench {
	t.Helper()
	b := &bench{server: platformtest.Start(t, config)}
	var err error
	b.client, err = api.New(api.Config{
		URL: b.server.URL, Workspace: platformtest.Workspace,
		Token: func() (secret.String, error) { return secret.New(platformtest.TokenCanary), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) upload(t *testing.T, parts ...spool.Part) error {
	t.Helper()
	u := upload.Start(t.Context(), upload.Config{
		Client: b.client, Run: run, Parallel: 3,
		Retry:  retry.Policy{For: 5 * time.Second, First: time.Millisecond},
		Stored: func(p spool.Part) error { b.stored.Store(p.Number, true); return nil },
		Moved:  func(n int64) { b.moved.Add(n) },
	})
	for _, p := range parts {
		u.Add(p)
	}
	err := u.Wait()
	if err != nil && (strings.Contains(err.Error(), platformtest.SignatureCanary) || strings.Contains(err.Error(), platformtest.TokenCanary)) {
		t.Errorf("the error shows a secret: %v", err)
	}
	return err
}

// part makes a part of an output, with its content in a file.
func part(t *testing.T, number int, content string) spool.Part {
	t.Helper()
	path := filepath.Join(t.TempDir(), "part")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return spool.Part{
		Output: "o.log", Number: number, ContentType: "text/plain", Path: path,
		Size: int64(len(content)), CRC32C: crc32.Checksum([]byte(content), crc32.MakeTable(crc32.Castagnoli)),
	}
}

func (b *bench) holds(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; {
		if _, got := b.server.Content(run, "o.log"); string(got) == want {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("the bucket holds %q, not %q", got, want)
		}
	}
}

func TestManyPartsTakeFewMints(t *testing.T) {
	t.Parallel()
	b := newBench(t, platformtest.Config{})
	var parts []spool.Part
	var want strings.Builder
	for number := 1; number <= 150; number++ {
		content := fmt.Sprintf("part %d\n", number)
		want.WriteString(content)
		parts = append(parts, part(t, number, content))
	}
	if err := b.upload(t, parts...); err != nil {
		t.Fatal(err)
	}
	b.holds(t, want.String())
	if mints := b.server.Mints(); mints > 20 {
		t.Errorf("150 parts took %d mints", mints)
	}
	if moved := b.moved.Load(); moved != int64(want.Len()) {
		t.Errorf("%d bytes are said to have moved, of %d", moved, want.Len())
	}
}

// TestAPartThatIsStoredAlready stands for a runner that was killed after the
// bucket took a part and before it knew.
func TestAPartThatIsStoredAlready(t *testing.T) {
	t.Parallel()
	for name, custody := range map[string]time.Duration{
		"and known to be":         0,
		"and not yet known to be": 200 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, platformtest.Config{Custody: custody})
			if err := b.upload(t, part(t, 1, "one\n")); err != nil {
				t.Fatal(err)
			}
			if err := b.upload(t, part(t, 1, "one\n"), part(t, 2, "two\n")); err != nil {
				t.Fatal(err)
			}
			b.holds(t, "one\ntwo\n")
			if moved := b.moved.Load(); moved != 12 {
				t.Errorf("%d bytes are said to have moved, of 12", moved)
			}
		})
	}
}

func TestAPartThatIsStoredWithOtherContent(t *testing.T) {
	t.Parallel()
	for name, custody := range map[string]time.Duration{
		"and known to be":         0,
		"and not yet known to be": 200 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, platformtest.Config{Custody: custody})
			if err := b.upload(t, part(t, 1, "mine")); err != nil {
				t.Fatal(err)
			}
			b.stored.Clear()
			err := b.upload(t, part(t, 1, "your"))
			if err == nil || !strings.Contains(err.Error(), "o.log part 1: this part was already stored with other content") {
				t.Errorf("error is %v", err)
			}
			if _, stored := b.stored.Load(1); stored {
				t.Error("it is taken for stored")
			}
		})
	}
}

func TestExpiredURLsAreMintedAnew(t *testing.T) {
	t.Parallel()
	var puts atomic.Int64
	b := newBench(t, platformtest.Config{Lifetime: 50 * time.Millisecond, Fault: func(r *http.Request) platformtest.Fault {
		if strings.HasPrefix(r.URL.Path, "/bucket/") && puts.Add(1) <= 2 {
			time.Sleep(60 * time.Millisecond) // the URL expires on its way
		}
		return platformtest.None
	}})
	if err := b.upload(t, part(t, 1, "late")); err != nil {
		t.Fatal(err)
	}
	b.holds(t, "late")
	if b.server.Mints() < 3 {
		t.Errorf("minted %d times", b.server.Mints())
	}
}

func TestABucketThatDoesNotSayWhatItStored(t *testing.T) {
	t.Parallel()
	b := newBench(t, platformtest.Config{NoHash: true, Custody: 20 * time.Millisecond})
	if err := b.upload(t, part(t, 1, "trusted?")); err != nil {
		t.Fatal(err)
	}
	if b.server.Mints() < 2 {
		t.Error("it was believed without asking the platform")
	}
}

func TestADamagedPartIsRefusedByTheBucket(t *testing.T) {
	t.Parallel()
	b := newBench(t, platformtest.Config{})
	p := part(t, 1, "as it was")
	if err := os.WriteFile(p.Path, []byte("as it is!"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := b.upload(t, p)
	if err == nil || !strings.Contains(err.Error(), "the bucket answered 400 BadDigest") {
		t.Errorf("error is %v", err)
	}
}

func TestAnUnreachablePlatformIsGivenUp(t *testing.T) {
	t.Parallel()
	b := newBench(t, platformtest.Config{})
	b.server.Close()
	u := upload.Start(t.Context(), upload.Config{
		Client: b.client, Run: run, Retry: retry.Policy{For: 20 * time.Millisecond, First: time.Millisecond},
	})
	err := u.Wait()
	if err == nil || !strings.Contains(err.Error(), "gave up") || strings.Contains(err.Error(), "/v1/") {
		t.Errorf("error is %v", err)
	}
}
