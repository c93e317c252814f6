package loadbalancer_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/loadbalancer"
	"github.com/strongroom-dev/strongroom/infra"
)

// serve runs a load balancer with one function, which answers every request.
func serve(t *testing.T, function http.HandlerFunc) string {
	t.Helper()
	accounts, err := iam.New(iam.Config{ProjectID: "p", Clock: &clock.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	suite := infra.Suite{Default: "f", Functions: map[string]infra.Function{"f": {Routes: []string{"GET /v1/x"}}}}
	lb, err := loadbalancer.New("http://loadbalancer.test", suite, map[string]http.Handler{"f": function}, accounts)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(lb)
	t.Cleanup(server.Close)
	return server.URL
}

func TestResponseOfMoreThanEightMebibytesIsTruncated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size     int
		declared bool // Content-Length is set
	}{
		"exactly 8 MiB with Content-Length": {loadbalancer.MaxResponse, true},
		"exactly 8 MiB in chunks":           {loadbalancer.MaxResponse, false},
		"one byte more with Content-Length": {loadbalancer.MaxResponse + 1, true},
		"one mebibyte more in chunks":       {loadbalancer.MaxResponse + 1<<20, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.declared {
					w.Header().Set("Content-Length", strconv.Itoa(c.size))
				}
				for sent := 0; sent < c.size; sent += 1 << 10 {
					if _, err := w.Write(make([]byte, min(1<<10, c.size-sent))); err != nil {
						return
					}
				}
			})
			response, err := http.Get(url + "/v1/x")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			n, err := io.Copy(io.Discard, response.Body)
			if n > loadbalancer.MaxResponse || (c.size == loadbalancer.MaxResponse && (n != loadbalancer.MaxResponse || err != nil)) {
				t.Errorf("received %d bytes, then: %v", n, err)
			}
			if c.declared && c.size > loadbalancer.MaxResponse && err == nil {
				t.Error("the truncated response looks complete")
			}
		})
	}
}
