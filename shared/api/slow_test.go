package api_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
)

// servePipes serves h on connections that have no buffer. dial returns the client's end
// of a new one. stop ends the server, and waits until all goroutines have ended.
func servePipes(h http.Handler) (dial func() net.Conn, stop func()) {
	l := pipeListener{accepted: make(chan net.Conn)}
	served := make(chan error, 1)
	go func() { served <- (&http.Server{Handler: h}).Serve(l) }()
	dial = func() net.Conn {
		near, far := net.Pipe()
		l.accepted <- far
		return near
	}
	return dial, func() {
		close(l.accepted)
		<-served
		time.Sleep(time.Minute) // of the fake clock
	}
}

// slowReader reads at a rate of the fake clock.
type slowReader struct {
	io.Reader
	bytesPerSecond int
}

// Read implements io.Reader.
func (r slowReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	time.Sleep(time.Duration(n) * time.Second / time.Duration(r.bytesPerSecond))
	return n, err
}

func TestABodyMayComeAtTheSlowestRate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ bytesPerSecond, status int }{
		"256 KiB a second": {256 << 10, http.StatusOK},
		"32 KiB a second":  {32 << 10, http.StatusRequestTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dial, stop := servePipes(handlerOf(func() {}))
				transport := &http.Transport{
					DialContext:     func(context.Context, string, string) (net.Conn, error) { return dial(), nil },
					WriteBufferSize: 1 << 20,
				}
				text := `{"text":"` + strings.Repeat("a", bodyLimit-11) + `"}`
				r := put(slowReader{strings.NewReader(text), row.bytesPerSecond})
				r.RequestURI, r.URL.Scheme, r.URL.Host, r.ContentLength = "", "http", "a", int64(len(text))
				got, err := transport.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				if _ = got.Body.Close(); got.StatusCode != row.status {
					t.Errorf("status %d, want %d", got.StatusCode, row.status)
				}
				transport.CloseIdleConnections()
				stop()
			})
		})
	}
}

// optional is a request whose body may be left out.
type optional struct {
	Body *struct {
		On bool `json:"on,omitempty"`
	}
}

// No deadline of a body stays after the body, or a long request would be canceled as if
// its client had disconnected.
func TestALongRequestIsNotCanceled(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"with a body":        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
		"with an empty body": "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n",
		"without a body":     "\r\n",
		"with chunks":        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var canceled error
				a := api.New("test", time.Now, api.NewLogger(io.Discard))
				api.Register(a, huma.Operation{OperationID: "put", Method: http.MethodPut, Path: "/v1/optional"},
					func(ctx context.Context, _ *optional) (*struct{}, error) {
						time.Sleep(time.Hour) // of the fake clock
						canceled = ctx.Err()
						return &struct{}{}, nil
					})
				dial, stop := servePipes(a.Handler())
				conn := dial()
				if _, err := io.WriteString(conn, "PUT /v1/optional HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"+head); err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(conn)
				if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 200 ") || canceled != nil {
					t.Errorf("got %.300q, %v; the request was canceled: %v", got, err, canceled)
				}
				stop()
			})
		})
	}
}
