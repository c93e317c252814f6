package infra_test

import (
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/model"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// callModels consents, sends a request that is stored, and one with public data.
func (x *caller) callModels(t *testing.T) {
	t.Helper()
	var given struct{ Text string }
	for _, feature := range []consent.Feature{consent.ExplainIssue, consent.SummariseWorkspace, consent.RankNextTasks} {
		x.tenant.Consent(t, feature, consent.Shared)
	}
	x.tenant.GiveHalf(t, "admin", consent.ExplainIssue, consent.Shared).JSON(t, &given)
	x.values["feature"], x.values["destination"], x.values["text"] = string(consent.ExplainIssue), string(consent.Shared), given.Text
	for _, path := range []string{"/v1/consents", "/v1/tenants/{tenant}/consents"} {
		x.call(t, "PUT "+path+"/{feature}/{destination}", "", object{"expires": x.cloud.Clock.Now().Add(180 * 24 * time.Hour)})
	}
	x.call(t, "POST /v1/workspaces/{workspace}/issues/{issue}/explain", "", object{})
	record := x.tenant.Record
	record.Limits.KeepModelRequests = 90 * 24 * time.Hour
	x.values["send"] = x.send(t, "assistants", record, prompt.Explanation{Issue: prompt.Issue{Title: "DNS is slow"}})
	x.send(t, "catalog", tenant.Record{}, prompt.Enrichment{Code: "*** Tasks ***"})
	for _, home := range []ledger.Home{{Tenant: record.ID}, {}} {
		where := tenant.Record{} // the platform's database
		if home.Tenant != "" {
			where = record
		}
		home.DB, _ = x.cloud.Directory.Database(t.Context(), where)
		if _, err := home.List(t.Context(), consent.ExplainIssue, ledger.Position{}, 1); err != nil {
			t.Fatal(err)
		}
	}
}

// send sends a payload as a function, and returns the ID of its entry.
func (x *caller) send(t *testing.T, function string, record tenant.Record, p prompt.Payload) string {
	t.Helper()
	db, err := directory.New(x.cloud.Clients(suite.FunctionAccount(function)), x.cloud.Clock.Now).Database(t.Context(), record)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := x.cloud.Gateway(t, function, nil, nil).Send(t.Context(), model.Request{
		Tenant: record, DB: db, Actor: auditlog.Actor{Subject: function}, Payload: p,
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Entry
}
