package api_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/memory"
)

type pageResponse struct {
	Body func(huma.Context)
}

// memoryHandler serves GET /v1/large, which needs memory for a response, and GET
// /v1/small, which reserves none.
func memoryHandler(bytes int64, large func(huma.Context)) http.Handler {
	a := api.New("test", time.Now, api.NewLogger(io.Discard))
	register := func(op huma.Operation, write func(huma.Context)) {
		api.Register(a, op, func(context.Context, *struct{}) (*pageResponse, error) { return &pageResponse{write}, nil })
	}
	register(api.WithMemory(huma.Operation{OperationID: "large", Method: http.MethodGet, Path: "/v1/large"}, bytes), large)
	register(huma.Operation{OperationID: "small", Method: http.MethodGet, Path: "/v1/small"}, func(hc huma.Context) { hc.SetStatus(http.StatusOK) })
	return a.Handler()
}

func getPath(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// Four requests use all of the memory. The others wait for 5 seconds.
func TestRequestsBeyondTheMemoryWaitAndAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leave := make(chan struct{})
		h := memoryHandler(memory.Max/4, func(hc huma.Context) {
			<-leave
			hc.SetStatus(http.StatusOK)
		})
		var mu sync.Mutex
		statuses := map[int]int{}
		var work sync.WaitGroup
		for range 40 {
			work.Go(func() {
				w := getPath(h, "/v1/large")
				mu.Lock()
				defer mu.Unlock()
				statuses[w.Code]++
				if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
					t.Error("a 503 has no Retry-After")
				}
			})
		}
		synctest.Wait()
		if w := getPath(h, "/v1/small"); w.Code != http.StatusOK {
			t.Errorf("a request without memory got %d", w.Code)
		}
		time.Sleep(6 * time.Second) // of the fake clock
		close(leave)
		work.Wait()
		if statuses[http.StatusOK] != 4 || statuses[http.StatusServiceUnavailable] != 36 {
			t.Errorf("the statuses are %v", statuses)
		}
		if w := getPath(h, "/v1/large"); w.Code != http.StatusOK {
			t.Errorf("after all others, a request got %d", w.Code)
		}
	})
}

// pipeListener accepts connections that have no buffer, so a client that does not
// read blocks the server.
type pipeListener struct {
	net.Listener
	accepted chan net.Conn
}

// Close implements net.Listener.
func (pipeListener) Close() error { return nil }

// Accept implements net.Listener. It ends when the channel is closed.
func (l pipeListener) Accept() (net.Conn, error) {
	c, ok := <-l.accepted
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

// A thousand clients do not read their responses. They are disconnected, and all of
// the memory is free again.
func TestSlowReadersAreDisconnected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		text := make([]byte, 1<<20)
		h := memoryHandler(memory.Max/1000, func(hc huma.Context) { _, _ = hc.BodyWriter().Write(text) })
		l := pipeListener{accepted: make(chan net.Conn)}
		server := &http.Server{Handler: h}
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		connect := func() net.Conn {
			client, peer := net.Pipe()
			l.accepted <- peer
			if _, err := io.WriteString(client, "GET /v1/large HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
				t.Error(err)
			}
			return client
		}
		var slow []net.Conn
		for range 1000 {
			slow = append(slow, connect())
		}
		time.Sleep(31 * time.Second) // of the fake clock
		if w := getPath(h, "/v1/large"); w.Code != http.StatusOK || w.Body.Len() != len(text) {
			t.Errorf("a client that reads got %d, %d bytes", w.Code, w.Body.Len())
		}
		for _, c := range slow {
			if n, err := io.Copy(io.Discard, c); n >= 1<<20 || err != nil {
				t.Errorf("a slow reader received %d bytes, %v", n, err)
				break
			}
		}
		close(l.accepted)
		<-served
	})
}

// A connection serves the next request, however long after a long response.
func TestAConnectionIsKeptAfterALongResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		text := make([]byte, 1<<20)
		l := pipeListener{accepted: make(chan net.Conn)}
		server := &http.Server{Handler: memoryHandler(1, func(hc huma.Context) { _, _ = hc.BodyWriter().Write(text) })}
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		connections := 0
		client := &http.Client{Transport: &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) {
				near, far := net.Pipe()
				connections++
				l.accepted <- far
				return near, nil
			},
			MaxConnsPerHost: 1,
		}}
		for _, path := range []string{"large", "small", "large", "small"} {
			r, err := client.Get("http://a/v1/" + path)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, r.Body); r.StatusCode != http.StatusOK || path == "large" && n != int64(len(text)) || err != nil {
				t.Errorf("%s: status %d, %d bytes, %v", path, r.StatusCode, n, err)
			}
			_ = r.Body.Close()
			time.Sleep(time.Minute) // of the fake clock
		}
		if connections != 1 {
			t.Errorf("%d connections", connections)
		}
		client.CloseIdleConnections()
		close(l.accepted)
		<-served
	})
}
