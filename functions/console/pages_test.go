package console_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

func TestFilesAreCompressedForBrowsersThatAcceptIt(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	plain, tag := getAsset(t, c, "identity", "")
	for accept, zipped := range map[string]bool{
		"gzip, deflate, br": true, "br;q=1.0, gzip;q=0.8": true, "GZIP": true, "": false, "gzip;q=0": false, "gzip; q=0.000": false, "br": false,
	} {
		response, zippedTag := getAsset(t, c, accept, "")
		if got := response.Header.Get("Content-Encoding") == "gzip"; got != zipped {
			t.Errorf("Accept-Encoding %q: compressed %v", accept, got)
			continue
		}
		if !zipped {
			continue
		}
		reader, err := gzip.NewReader(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if want, _ := io.ReadAll(plain.Body); err != nil || len(want) > 0 && string(text) != string(want) {
			t.Errorf("Accept-Encoding %q: %d bytes, %v", accept, len(text), err)
		}
		if zippedTag == tag || response.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("both forms have the tag %s, and Vary is %q", tag, response.Header.Get("Vary"))
		}
		if again, _ := getAsset(t, c, accept, zippedTag); again.StatusCode != http.StatusNotModified {
			t.Errorf("status %d", again.StatusCode)
		}
	}
}

// getAsset requests the script without a client that decompresses it.
func getAsset(t *testing.T, c *cloudtest.Cloud, accept, tag string) (response *http.Response, etag string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.ConsoleURL()+"/assets/app.js", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Accept-Encoding"] = []string{accept}
	r.Header.Set("If-None-Match", tag)
	response, err = http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response, response.Header.Get("ETag")
}
