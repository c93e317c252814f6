package issue

import (
	"strings"
	"testing"
)

// maybeVariable may be wrong in one direction only: it must not skip a word that
// a rule matches.
func FuzzNormalizeTakesNoWrongShortcut(f *testing.F) {
	for _, title := range []string{
		"Pod cart-7d4b9c6f5d-x2x9k is at 93% since 2026-11-22", "::1 0x 1.2.3.4/ -<id>", "HTTP/1.1 status code: 503 on Port 80",
		"us-east-1 west-2 CVE-2026-1 ORA-00942 v1.2 deadbeef-0000-0000-0000-000000000000", "dead:beef:1::2 abcdef0 facade",
		"vmssabcdef aks-nodepool-vmss000001 gke-a-12345678-abcd", "é1 1é _1 1_ a-b-c --1", "2 pods 3 pod(s) 10 ms", "STATUS 1 tls 1.2 ssl:3",
		"exited (137) exitCode=1 exit_status: 2 returned 503 rc=2 SQLSTATE[HY000] [2002] error 1045 (28000) curl: (7) Error: 18456, x",
		"Sun, 22 Nov 2026 03:04:05 GMT Nov 22 03:04:05 I1122 03:04:05.123456 datetime.datetime(2026, 1, 2) PT5M P1DT2H tmpab12cd34",
		"request id: ab-12 job_8f3a2b1c db:5432 10.0.0.1:53422 udp 53 Python 3.12 Ubuntu 22.04 sdk-1.2 grpc status=14 os error 13",
	} {
		f.Add(title)
	}
	f.Fuzz(func(t *testing.T, title string) {
		if got, want := Normalize(title), normalize(title, func(string) bool { return true }); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", title, got, want)
		}
	})
}

// lastNumber must return what the rules do.
func TestANumberThatEndsATitleIsAnAmountByTheRules(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"0", "7", "42", "404", "503", "08001", "25006", "1781", "20261122", "18446744073709551615"} {
		for size := 1; size <= 120; size += 7 {
			text := strings.Repeat(number, size)
			gotSize, got := variablePart(text, 0, maybeVariable)
			wantSize, want := wordRules.match(text, 0)
			if gotSize != wantSize || got != want {
				t.Errorf("%q has a part of %d bytes, %q; by the rules, %d bytes, %q", text, gotSize, got, wantSize, want)
			}
		}
	}
}
