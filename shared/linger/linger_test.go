package linger_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/linger"
)

// serve answers every request with 413 without reading its body, and drains it.
func serve(t *testing.T, limit int64, total time.Duration) net.Conn {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := linger.New(w, r)
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		body.Drain(limit, total)
	}))
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func status(t *testing.T, conn net.Conn) int {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal("the client cannot read the response: ", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func TestAClientThatSendsEverythingFirstReadsTheResponse(t *testing.T) {
	t.Parallel()
	const size = 40 << 20 // far more than the buffers of a connection
	conn := serve(t, size, 10*time.Second)
	if _, err := fmt.Fprintf(conn, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(conn, zeros{}, size); err != nil {
		t.Fatal("the client cannot send its body: ", err)
	}
	if got := status(t, conn); got != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", got)
	}
}

func TestAClientThatStopsSendingIsAnswered(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"and has sent nothing":     "Content-Length: 1000000\r\n\r\n",
		"and has sent some":        "Content-Length: 1000000\r\n\r\nsome",
		"and has sent a chunk":     "Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
		"and waits for a Continue": "Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := serve(t, 1<<20, time.Hour)
			if _, err := fmt.Fprint(conn, "PUT / HTTP/1.1\r\nHost: a\r\n"+head); err != nil {
				t.Fatal(err)
			}
			if got := status(t, conn); got != http.StatusRequestEntityTooLarge {
				t.Errorf("status %d", got) // 100 if the body was asked for
			}
		})
	}
}

func TestAClientThatNeverStopsIsCutOff(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]struct {
		bytes int64
		time  time.Duration
	}{
		"after the limit of bytes": {bytes: 1 << 20, time: time.Hour},
		"after the limit of time":  {bytes: 1 << 60, time: 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := serve(t, limits.bytes, limits.time)
			_ = conn.SetWriteDeadline(time.Now().Add(30 * time.Second))
			if _, err := fmt.Fprint(conn, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000000\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			_, err := io.Copy(conn, zeros{})
			if timeout, ok := err.(net.Error); err == nil || ok && timeout.Timeout() {
				t.Errorf("the client can send for ever: %v", err)
			}
		})
	}
}

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
