package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// giveHalves submits one half after the other, as many as a history shows.
func giveHalves(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	token := tn.Token(t, "admin")
	for n := range 100 {
		tn.Cloud.Do(t, token, http.MethodPut, "/v1/consents/explain-issue/shared", aHalf(n)).Want(t, http.StatusOK)
	}
}

// aHalf is a half that ends at its own time.
func aHalf(n int) map[string]any {
	return map[string]any{"expires": time.Now().Add(24*time.Hour + time.Duration(n)*time.Minute).UTC().Truncate(time.Second)}
}

// ofConsent changes one half of a consent again and again.
func ofConsent(persona, method string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		token, path := tn.Token(t, persona), tn.ConsentPath(persona, consent.ExplainIssue, consent.Shared)
		tn.Consent(t, consent.ExplainIssue, consent.Shared)
		return func(n int) request {
			if method == http.MethodDelete {
				return request{method: method, path: path, token: token, body: encode(t, nil)}
			}
			return request{method: method, path: path, token: token, body: encode(t, aHalf(n))}
		}
	}
}

func ofTenantConsents(path string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		return atPath("platform", http.MethodGet, "/v1/tenants/"+string(tn.ID)+"/consents"+path, nil, giveHalves)(t, tn)
	}
}

func agreedText(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	var given struct{ Text string }
	tn.GiveHalf(t, "admin", consent.ExplainIssue, consent.Shared).Want(t, http.StatusOK).JSON(t, &given)
	return atPath("admin", http.MethodGet, "/v1/consent-texts/"+given.Text, nil, nothing)(t, tn)
}

// aSend is a request with every field of a feature.
func aSend() ledger.Send {
	s := ledger.Send{
		Time: time.Now(), Feature: consent.ExplainIssue, Destination: consent.Shared, SHA256: strings.Repeat("0", 64), AnswerSHA256: strings.Repeat("0", 64),
		Resource: "issues/" + string(issueID(0)), Status: ledger.Answered, StoredUntil: time.Now().Add(time.Hour),
	}
	for _, f := range prompt.Fields(consent.ExplainIssue) {
		s.Fields = append(s.Fields, f.Path+" "+string(f.Class))
	}
	return s
}

// storeSends stores more requests than a page has, in the tenant's ledger and in the
// platform's.
func storeSends(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		for _, id := range []tenant.ID{tn.ID, ""} {
			for range 201 {
				set(ledger.Home{DB: db, Tenant: id}.Sends().Doc(cloudtest.NewRun(t)), aSend())
			}
		}
	})
}

// storedRequest shows a request that is as large as the largest payload, with every byte
// escaped in JSON twice.
func storedRequest(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	owner, err := keys.NewTenants(tn.Cloud.Operator, time.Now).Of(t.Context(), tn.Record, db)
	if err != nil {
		t.Fatal(err)
	}
	id := cloudtest.NewRun(t)
	e := ledger.Entry{ID: id, Home: ledger.Home{DB: db, Tenant: tn.ID}}
	sealed, err := owner.Seal(t.Context(), bytes.Repeat([]byte{'"'}, 256<<10), e.RequestPath())
	if err != nil {
		t.Fatal(err)
	}
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		set(e.Home.Sends().Doc(id), aSend())
		set(db.Doc("tenants/"+string(tn.ID)+"/modelRequests/"+id), map[string]any{"request": sealed, "until": time.Now().Add(time.Hour)})
	})
	return atPath("admin", http.MethodGet, "/v1/model-sends/"+id+"/request", nil, nothing)(t, tn)
}
