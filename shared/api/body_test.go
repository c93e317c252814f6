package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/memory"
)

// nested is a body with every kind of value.
type nested struct {
	Body struct {
		Text  string    `json:"text,omitempty" minLength:"2" maxLength:"99999999"`
		Short string    `json:"short,omitempty" maxLength:"8"`
		Time  time.Time `json:"time,omitempty"`
		Count *int64    `json:"count,omitempty" minimum:"0"`
		On    bool      `json:"on,omitempty"`
		Items []item    `json:"items,omitempty" minItems:"1" maxItems:"1000"`
	}
}

type item struct {
	Name  string   `json:"name" maxLength:"64" pattern:"^[a-z]*$"`
	Value float64  `json:"value"`
	Tags  []string `json:"tags,omitempty" maxItems:"100"`
}

const bodyLimit = 1 << 20

// handlerOf serves one operation, whose middleware refuses every request without
// a token, as access.Guard does.
func handlerOf(handle func()) http.Handler {
	a := api.New("test", time.Now, api.NewLogger(io.Discard))
	op := huma.Operation{OperationID: "put", Method: http.MethodPut, Path: "/v1/nested", MaxBodyBytes: bodyLimit}
	op.Middlewares = huma.Middlewares{func(hc huma.Context, next func(huma.Context)) {
		if hc.Header("Authorization") == "" {
			api.Write(hc, api.Refuse(http.StatusUnauthorized, "no token"))
			return
		}
		next(hc)
	}}
	api.Register(a, op, func(context.Context, *nested) (*struct{}, error) {
		handle()
		return &struct{}{}, nil
	})
	return a.Handler()
}

func put(body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodPut, "/v1/nested", body)
	r.Header.Set("Authorization", "Bearer a")
	return r
}

// fill repeats element in an array, or in an object, up to the limit of a body.
func fill(before, element, after string) string {
	n := (bodyLimit - len(before) - len(after)) / (len(element) + 1)
	return before + strings.Repeat(element+",", n-1) + element + after
}

func manyNames(before, after string) string {
	var text strings.Builder
	text.WriteString(before)
	for i := 0; text.Len() < bodyLimit-len(after)-20; i++ {
		fmt.Fprintf(&text, `"n%d":0,`, i)
	}
	return text.String() + `"z":0` + after
}

func TestABodyCostsAtMostFourTimesItsLimit(t *testing.T) { // not parallel: it counts what the process allocates
	if raceDetector {
		t.Skip("allocations are counted without the race detector, as go test does by default")
	}
	h := handlerOf(func() {})
	long := strings.Repeat("a", bodyLimit-100)
	for name, test := range map[string]struct {
		body   string
		status int
	}{
		"empty objects":                   {fill(`{"items":[`, `{}`, `]}`), 422},
		"numbers":                         {fill(`{"items":[`, `0`, `]}`), 422},
		"nulls":                           {fill(`{"items":[`, `null`, `]}`), 422},
		"empty arrays":                    {fill(`{"items":[`, `[]`, `]}`), 422},
		"strings for numbers":             {fill(`{"items":[`, `{"name":"","value":""}`, `]}`), 422},
		"an array instead of the object":  {fill(`[`, `0`, `]`), 422},
		"tags that are numbers":           {`{"items":[{"name":"","value":0,"tags":` + fill(`[`, `0`, `]`)[100:] + `}]}`, 400},
		"an array in an unknown field":    {fill(`{"x":[`, `0`, `]}`), 422},
		"many unknown fields":             {manyNames(`{`, `}`), 422},
		"many unknown fields in one":      {manyNames(`{"x":{`, `}}`), 422},
		"many unknown fields in an item":  {manyNames(`{"items":[{`, `}]}`), 422},
		"the same field again and again":  {fill(`{`, `"on":true`, `}`), 400},
		"a long name":                     {`{"` + long + `":0}`, 422},
		"a long name in escapes":          {`{"` + strings.Repeat(`\n`, len(long)/2) + `":0}`, 422},
		"a long number":                   {`{"count":` + strings.Repeat("1", len(long)) + `}`, 400},
		"a long number for a text":        {`{"text":` + strings.Repeat("1", len(long)) + `}`, 400},
		"a long text for a number":        {`{"count":"` + long + `"}`, 422},
		"a long text for a short one":     {`{"short":"` + long + `"}`, 422},
		"a long text for a time":          {`{"time":"` + long + `"}`, 422},
		"a long text":                     {`{"text":"` + long + `"}`, 200},
		"a long text in escapes":          {`{"text":"` + strings.Repeat(`\n`, len(long)/2) + `"}`, 200},
		"a long text and one escape":      {`{"text":"` + long[:len(long)/2] + `\n` + long[:len(long)/2-2] + `"}`, 200},
		"a long text and an unknown name": {`{"text":"` + long + `","x":0}`, 422},
		"a long text that is cut":         {`{"text":"` + long, 400},
		"deep arrays":                     {strings.Repeat("[", bodyLimit), 400},
		"deep objects":                    {strings.Repeat(`{"items":`, bodyLimit/9), 400},
		"deep items":                      {strings.Repeat(`{"items":[`, bodyLimit/10), 400},
		"white space":                     {strings.Repeat(" ", bodyLimit), 400},
		"too much":                        {strings.Repeat(" ", 10*bodyLimit), 413},
	} {
		for _, length := range []string{"with its length", "without its length"} {
			t.Run(name+" "+length, func(t *testing.T) {
				r := put(strings.NewReader(test.body))
				if length == "without its length" {
					r.ContentLength = -1
				}
				w := httptest.NewRecorder()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				h.ServeHTTP(w, r)
				runtime.ReadMemStats(&after)
				if w.Code != test.status {
					t.Errorf("status %d, want %d: %.300s", w.Code, test.status, w.Body)
				}
				if got := after.TotalAlloc - before.TotalAlloc; got > 4*bodyLimit+1<<20 {
					t.Errorf("%d KiB were allocated for a body of %d KiB", got>>10, len(test.body)>>10)
				}
				if w.Body.Len() > 16<<10 {
					t.Errorf("the problem has %d bytes", w.Body.Len())
				}
			})
		}
	}
}

func TestAProblemHasAtMost20Faults(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	handlerOf(func() {}).ServeHTTP(w, put(strings.NewReader(`{"items":[`+strings.Repeat(`{"name":"A","value":0},`, 99)+`{"name":"a","value":0}]}`)))
	var p struct {
		Code   string
		Errors []struct{ Message, Location string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Errors) != 20 || p.Errors[19].Location != "body.items[19].name" || p.Code != "invalid" {
		t.Errorf("got %+v", p)
	}
}

// A body that is too large for what is in flight waits. What is in flight never
// exceeds the limit, and a small body does not wait.
func TestBodiesInFlightAreBounded(t *testing.T) {
	t.Parallel()
	const all, fitting = 40, memory.Max / (10 * bodyLimit)
	var mu sync.Mutex
	inside, most := 0, 0
	full, leave := make(chan struct{}, all), make(chan struct{})
	h := handlerOf(func() {
		mu.Lock()
		inside++
		most = max(most, inside)
		mu.Unlock()
		full <- struct{}{}
		<-leave
		mu.Lock()
		inside--
		mu.Unlock()
	})
	body := `{"text":"` + strings.Repeat("a", bodyLimit-11) + `"}`
	statuses := make(chan int, all+1)
	send := func(body string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, put(strings.NewReader(body)))
		statuses <- w.Code
	}
	for range all {
		go send(body)
	}
	for range fitting {
		<-full // all that fit are inside
	}
	go send(`{"text":"aa"}`)
	<-full // the small one as well
	close(leave)
	for range all + 1 {
		if got := <-statuses; got != http.StatusOK && got != http.StatusServiceUnavailable {
			t.Errorf("status %d", got)
		}
	}
	if most > fitting+1 {
		t.Errorf("%d bodies of 1 MiB were in flight at once", most)
	}
}

// dial sends a request without reading the response.
func dial(t *testing.T, server *httptest.Server, head string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, "PUT /v1/nested HTTP/1.1\r\nHost: a\r\n"+head); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestARefusalDoesNotWaitForTheBody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(handlerOf(func() {}))
	t.Cleanup(server.Close)
	for name, test := range map[string]struct {
		head   string
		status int
	}{
		"without a token":         {"Content-Length: 1000\r\n\r\n", 401},
		"without a token, chunks": {"Transfer-Encoding: chunked\r\n\r\n", 401},
		"a body that is too long": {"Authorization: Bearer a\r\nContent-Length: 99999999\r\n\r\n", 413},
		"another type of content": {"Authorization: Bearer a\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n", 415},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.ReadResponse(bufio.NewReader(dial(t, server, test.head)), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			if r.StatusCode != test.status || !r.Close {
				t.Errorf("status %d, close %v", r.StatusCode, r.Close)
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Errorf("the response is cut: %v", err)
			}
		})
	}
}

// Many clients send the whole body before they read. They could not read a response
// whose connection is reset meanwhile.
func TestAClientThatSendsItsWholeBodyReadsTheRefusal(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(handlerOf(func() {}))
	t.Cleanup(server.Close)
	const size = 16 * bodyLimit // more than the buffers of a connection
	text := strings.Repeat("a", size)
	for name, test := range map[string]struct {
		head, body string
		status     int
	}{
		"a body that is too long":            {fmt.Sprintf("Authorization: Bearer a\r\nContent-Length: %d\r\n\r\n", size), text, 413},
		"a body that is too long, in chunks": {"Authorization: Bearer a\r\nTransfer-Encoding: chunked\r\n\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size, text), 413},
		"another type of content":            {fmt.Sprintf("Authorization: Bearer a\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n", bodyLimit), text[:bodyLimit], 415},
		"without a token":                    {fmt.Sprintf("Content-Length: %d\r\n\r\n", size), text, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, server, test.head)
			if _, err := io.WriteString(c, test.body); err != nil {
				t.Fatal("the body cannot be sent: ", err)
			}
			r, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal("the response cannot be read: ", err)
			}
			defer r.Body.Close()
			if got, err := io.ReadAll(r.Body); r.StatusCode != test.status || err != nil || !json.Valid(got) {
				t.Errorf("status %d, %q, %v", r.StatusCode, got, err)
			}
		})
	}
}

// A thousand clients send a head and nothing more, with a token and without one. A
// request that comes after them is answered.
func TestSlowClientsDoNotHinderOthers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(handlerOf(func() {}))
	t.Cleanup(server.Close)
	for i := range 1000 {
		head := "Content-Length: 1000000\r\n\r\n"
		if i%2 == 0 {
			head = "Authorization: Bearer a\r\n" + head
		}
		dial(t, server, head)
	}
	for range 10 {
		r := put(strings.NewReader(`{"text":"` + strings.Repeat("a", bodyLimit-11) + `"}`))
		r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", server.Listener.Addr().String()
		got, err := server.Client().Do(r.WithContext(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		if got.StatusCode != http.StatusOK {
			t.Errorf("status %d", got.StatusCode)
		}
	}
}
