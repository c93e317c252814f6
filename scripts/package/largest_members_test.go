package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/directory"
)

// longSubject returns the n-th subject of the greatest length.
func longSubject(n int) string { return fmt.Sprintf("%0255d", n) }

// storeMembers adds a page of members with the longest subjects.
func storeMembers(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	db, err := tn.Cloud.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch := db.BulkWriter(t.Context())
	for n := range 300 {
		m := directory.Membership{Issuer: tn.Cloud.Issuer.URL(), Subject: longSubject(n), Owner: directory.OwnerAPI}
		if _, err := batch.Set(directory.Member(db, tn.ID, tn.Workspace, m.Issuer, m.Subject), m); err != nil {
			t.Fatal(err)
		}
	}
	batch.End()
}

// ofMembers lists members, or does something with another one with each request.
func ofMembers(method string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		storeMembers(t, tn)
		path, token, issuer := "/v1/tenant/workspaces/"+string(tn.Workspace)+"/members", tn.Token(t, "admin"), tn.Cloud.Issuer.URL()
		return func(n int) request {
			r := request{method: method, path: path, token: token}
			switch method {
			case http.MethodPost:
				r.body = encode(t, map[string]any{"issuer": issuer, "subject": strings.Replace(longSubject(n), "0", "a", 1)})
			case http.MethodDelete, "show":
				r.path += "/" + directory.MemberID(issuer, longSubject(n))
			default:
				r.path += "?pageSize=200"
			}
			if method == "show" {
				r.method = http.MethodGet
			}
			return r
		}
	}
}
