package main

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// slowClients are what a client without a token sends before it stops.
var slowClients = map[string]string{
	"part of a header":                      "POST / HTTP/1.1\r\nHost: a\r\nX-",
	"no body":                               "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
	"part of a body":                        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{",
	"requests whose responses are not read": strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n", 100),
}

// A thousand clients that are slow in different ways hold connections to each
// function. A request that comes after them is answered, and the process needs little
// memory for them.
func TestSlowClientsHinderNoFunction(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, name string, built program) {
		runnable(t)
		c := cloudtest.New(t, suite.Options{})
		p := start(t, built.path, append(c.FunctionEnviron(name), memoryLimit))
		for _, text := range slowClients {
			for range 1000 / len(slowClients) {
				conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.url, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
				if _, err := io.WriteString(conn, text); err != nil {
					t.Fatal(err)
				}
			}
		}
		p.first(t, name, c.Tenant(t))
		if peak := peakMemory(t, p); peak > maxResident {
			t.Errorf("the process used %d MiB, want at most %d", peak>>20, maxResident>>20)
		}
	})
}
