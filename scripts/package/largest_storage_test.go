package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// verifiedStorage verifies the storage of a tenant.
func verifiedStorage(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/storage/verify", nil).Want(t, http.StatusOK)
}

// verifiesStorage verifies the storage of another tenant with each request, with the longest
// name of a key.
func verifiesStorage(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	t.Helper()
	all := make([]request, concurrentRequests)
	body := encode(t, map[string]any{"key": "projects/p/locations/l/keyRings/r/cryptoKeys/" + strings.Repeat("k", 400)})
	for n := range all {
		all[n] = request{method: http.MethodPost, path: "/v1/tenant/storage/verify", token: tn.Cloud.Tenant(t).Token(t, "admin"), body: body}
	}
	return func(n int) request { return all[n] }
}
