package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func FuzzContentRange(f *testing.F) {
	for _, seed := range []string{"bytes 0-9/10", "bytes */7", "bytes 5-4/10", "bytes 0-9/9", "bytes -1-2/3", "bytes 0-99999999999999999999/1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		first, last, size, err := parseContentRange(value)
		if err != nil {
			return
		}
		if first < 0 || last < first-1 || last >= size {
			t.Errorf("%q gave %d to %d of %d", value, first, last, size)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"0", "120", "-1", "99999999999", "Mon, 02 Jan 2006 15:04:05 GMT", "soon"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if after := retryAfter(http.Header{"Retry-After": {value}}); after < 0 || after > maxRetryAfter {
			t.Errorf("%q gave %s", value, after)
		}
	})
}

func FuzzErrorCode(f *testing.F) {
	for _, seed := range []string{"<Error><Code>ExpiredToken</Code></Error>", "<Error><Code>a b</Code></Error>", "<", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if code := errorCode(strings.NewReader(body)); len(code) > 64 || strings.ContainsAny(code, " \n\x1b=&?/") {
			t.Errorf("%q gave %q", body, code)
		}
	})
}

func FuzzChecksum(f *testing.F) {
	f.Add("AAAAAA==")
	f.Add("AQIDBA")
	f.Fuzz(func(t *testing.T, text string) {
		var sum, back Checksum
		if sum.UnmarshalText([]byte(text)) != nil {
			return
		}
		encoded, err := json.Marshal(sum)
		if err != nil || json.Unmarshal(encoded, &back) != nil || back != sum {
			t.Error(fmt.Sprint(text, sum, back, err))
		}
	})
}
