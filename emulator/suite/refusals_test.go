package suite_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// Many clients read nothing before they have sent their whole body. Whoever refuses
// it, the client can read the refusal.
func TestTheRefusalOfALargeBodyCanBeRead(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	run := cloudtest.NewRun(t)
	upload := tn.Mint(t, run, cloudtest.PartOf("stdout.log", 1, []byte("five\n")))[0]
	object, err := url.Parse(upload.URL)
	if err != nil {
		t.Fatal(err)
	}
	front := strings.TrimPrefix(c.URL, "http://")
	bearer := "Authorization: Bearer " + tn.Token(t, "runner") + "\r\nContent-Type: application/json\r\n"
	signed := ""
	for name, value := range upload.Headers {
		signed += name + ": " + value + "\r\n"
	}
	for name, test := range map[string]struct {
		host, request, headers string
		status                 int
		want                   string
	}{
		"by a function": {
			host: front, request: "POST " + tn.RunPath(run) + "/uploads", headers: bearer,
			status: 413, want: `"code":"too-large"`,
		},
		"by a function, without a token": {
			host: front, request: "POST " + tn.RunPath(run) + "/uploads", headers: "",
			status: 401, want: "no bearer token",
		},
		"by the default function": {
			host: front, request: "POST /v1/nothing", headers: bearer,
			status: 404, want: "path not found",
		},
		"by the check of who calls a trigger": {
			host: front, request: "POST /functions/custody", headers: "",
			status: 401, want: "Unauthorized",
		},
		"by the tokens' own route": {
			host: front, request: "POST /emulator/token", headers: "",
			status: 404, want: "path not found",
		},
		"by the issuer": {
			host: front, request: "POST /emulator/oidc/keys", headers: "",
			status: 404, want: "",
		},
		"by Cloud Storage": {
			host: object.Host, request: "PUT " + object.RequestURI(), headers: signed,
			status: 400, want: "EntityTooLarge",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, text := sendFirst(t, test.host, test.request, test.headers)
			if status != test.status || !strings.Contains(text, test.want) {
				t.Errorf("status %d, %.300q", status, text)
			}
		})
	}
}

// sendFirst sends a request with a body of 40 MiB, and reads the response only then.
func sendFirst(t *testing.T, host, request, headers string) (status int, text string) {
	t.Helper()
	const size = 40 << 20
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n", request, host, headers, size); err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 1<<20)
	for range size / len(chunk) {
		if _, err := c.Write(chunk); err != nil {
			t.Fatal("the body cannot be sent: ", err)
		}
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal("the response cannot be read: ", err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("the response is cut: %v", err)
	}
	return response.StatusCode, string(got)
}
