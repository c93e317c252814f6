package catalog_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/catalog"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/halves"
)

// instance is another instance of the function. The test may block its reads of the
// catalog.
type instance struct {
	*httptest.Server
	token string
	reads atomic.Int64 // of the catalog
	waits atomic.Int64 // for a read, by requests that an old catalog can answer
	gate  sync.RWMutex // locked: reads of the catalog wait
}

func newInstance(t *testing.T, f *fixture) *instance {
	t.Helper()
	c, i := f.Cloud, &instance{token: f.Token(t, "viewer")}
	config := c.As(suite.FunctionAccount("catalog"))
	proxy, err := faults.New(config.FirestoreHost, func(method string) faults.Fault {
		if method == "RunQuery" {
			i.reads.Add(1)
			i.gate.RLock()
			defer i.gate.RUnlock()
		}
		return faults.None
	})
	if err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost = proxy.Addr()
	clients := gcp.NewClients(config)
	settings := catalog.Config{
		Access: access.Config{Audience: suite.Audience, Config: auditlog.Config{AuditKeyName: auditKeyName}},
		Model:  halves.Config{KeyName: c.PlatformKey("consent")},
	}
	handler, err := catalog.New(t.Context(), settings,
		function.Deps{Clients: clients, Now: c.Clock.Now, After: i.after, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	i.Server = httptest.NewServer(handler)
	t.Cleanup(func() { i.Server.Close(); _ = clients.Close(); _ = proxy.Close() })
	return i
}

// after counts the requests that wait. They wait no time.
func (i *instance) after(time.Duration) <-chan time.Time {
	i.waits.Add(1)
	over := make(chan time.Time)
	close(over)
	return over
}

func (i *instance) search(t *testing.T, query string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, i.URL+"/v1/catalog/tasks/search", strings.NewReader(`{"query":"`+query+`"}`))
	if err != nil {
		t.Error(err)
		return ""
	}
	request.Header.Set("Authorization", "Bearer "+i.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%v: %d %s", err, response.StatusCode, body)
	}
	return string(body)
}

// All requests wait for the first catalog, which is read once. While a newer version is
// read, also once, the old one answers. Then the newer one answers.
func TestTheOldCatalogAnswersWhileANewOneIsRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.upload(t, community)
	i := newInstance(t, f)
	i.searchAtOnce(t)
	if n := i.reads.Load(); n != 1 {
		t.Errorf("the first catalog was read %d times", n)
	}
	f.upload(t, tasks("Resolve DNSSEC|Checks signatures.|dns"))
	i.gate.Lock()
	release := sync.OnceFunc(i.gate.Unlock)
	defer release()
	i.searchAtOnce(t)
	cloudtest.Eventually(t, "the second catalog is read", func() bool { return i.reads.Load() == 2 })
	for range 5 {
		if got := i.search(t, "dnssec"); strings.Contains(got, "DNSSEC") {
			t.Errorf("it is found although no read has finished: %s", got)
		}
	}
	if n := i.waits.Load(); n != 1 {
		t.Errorf("%d requests waited for the read, want only the one that started it", n)
	}
	release()
	cloudtest.Eventually(t, "the newer catalog answers", func() bool { return strings.Contains(i.search(t, "dnssec"), "DNSSEC") })
	if n := i.reads.Load(); n != 2 {
		t.Errorf("the catalog was read %d times", n)
	}
}

// searchAtOnce sends eight searches at once for a task of the first catalog.
func (i *instance) searchAtOnce(t *testing.T) {
	t.Helper()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got := i.search(t, "dns"); !strings.Contains(got, "Check DNS Resolution") {
				t.Errorf("got %s", got)
			}
		})
	}
	group.Wait()
}
