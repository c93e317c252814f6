package replay_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestOnlyStaffMayReplayAndDenialsAreAudited(t *testing.T) {
	t.Parallel()
	o := newStaffCloud(t, suite.Options{})
	tn := o.tenant
	o.quarantine(t, "assistant-update", "bad-reference", "1", map[string]string{"run": "r"})
	o.publish(t, "run-events-dead", "", map[string]string{"n": "1"})
	var want []string
	for _, role := range []string{"runner", "viewer", "auditor", "admin"} {
		tn.Do(t, role, http.MethodGet, "/v1/quarantine", nil).Want(t, http.StatusForbidden)
		tn.Do(t, role, http.MethodPost, "/v1/quarantine/replay", fields{"function": "assistant-update"}).Want(t, http.StatusForbidden)
		tn.Do(t, role, http.MethodPost, "/v1/dead-letters/replay", fields{"topic": "run-events"}).Want(t, http.StatusForbidden)
		for _, action := range []auditlog.Action{auditlog.ListQuarantine, auditlog.ReplayQuarantine, auditlog.ReplayDeadLetters} {
			want = append(want, string(action)+" "+role)
		}
	}
	o.Do(t, "", http.MethodPost, "/v1/quarantine/replay", fields{"function": "assistant-update"}).Want(t, http.StatusUnauthorized)
	if len(o.published("replayed-run-events")) != 0 {
		t.Error("something was published")
	}
	reader, errReader := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: auditKey}, o.Operator, o.Clock.Now)
	db, errDB := o.Operator.Default(t.Context())
	if err := errors.Join(errReader, errDB); err != nil {
		t.Fatal(err)
	}
	var got []string
	for e, err := range reader.Entries(t.Context(), db, tn.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Outcome == auditlog.Denied && e.Reason == "role" {
			got = append(got, string(e.Action)+" "+e.Actor.Role)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("denials: %s", diff)
	}
}

// If the audit entry cannot be written or a role is missing, nothing is sent and no
// message is lost.
func TestWithoutARoleNothingIsSentAndNothingIsLost(t *testing.T) {
	t.Parallel()
	account := suite.FunctionAccount("replay")
	for name, role := range map[string]iam.Binding{
		"the role to seal the audit log": {Member: account, Role: "roles/cloudkms.cryptoKeyEncrypter", Resource: auditKey},
		"the role to publish":            {Member: account, Role: "roles/pubsub.publisher", Resource: "topics/replayed-run-events"},
		"the role to pull":               {Member: account, Role: "roles/pubsub.subscriber", Resource: "subscriptions/run-events-dead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newStaffCloud(t, suite.Options{})
			o.quarantine(t, "assistant-update", "bad-reference", "1", map[string]string{"run": "r"})
			o.publish(t, "run-events-dead", "", map[string]string{"n": "1"})
			if err := o.IAM.Unbind(role); err != nil {
				t.Fatal(err)
			}
			o.Do(t, o.staff, http.MethodPost, "/v1/dead-letters/replay", fields{"topic": "run-events"}).Want(t, http.StatusInternalServerError)
			if role.Resource != "subscriptions/run-events-dead" {
				o.Do(t, o.staff, http.MethodPost, "/v1/quarantine/replay", fields{"function": "assistant-update"}).Want(t, http.StatusInternalServerError)
			}
			if got := o.published("replayed-run-events"); len(got) != 0 {
				t.Errorf("published: %+v", got)
			}
			if err := o.IAM.Bind(role); err != nil {
				t.Fatal(err)
			}
			records, letters := o.replay(t, "quarantine", fields{"function": "assistant-update"}), o.replay(t, "dead-letters", fields{"topic": "run-events"})
			if letters.Replayed != 1 || records.Replayed != 1 {
				t.Errorf("with the role again: %+v, %+v", letters, records)
			}
		})
	}
}
