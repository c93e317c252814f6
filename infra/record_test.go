package infra_test

import (
	"testing"
	"time"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// TestTheFunctionsReadTerraformsRecord puts the documents that Terraform would
// write into a database, and reads them as the functions do.
func TestTheFunctionsReadTerraformsRecord(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	c := cloudtest.Shared(t)
	want := tenant.Record{
		ID: "written-by-terraform", State: tenant.Suspended, ProjectID: "p", Location: "europe-west3",
		OutputsBucket: "written-by-terraform-outputs", ExportsBucket: "e", AuditBucket: "a", AuditTopic: "projects/p/topics/audit", KeyName: "k", SigningAccount: "s@p.iam.gserviceaccount.com",
		SigningKeyName: "projects/p/locations/l/keyRings/r/cryptoKeys/signing/cryptoKeyVersions/1",
		Limits:         tenant.Limits{UploadLifetime: 5 * time.Minute},
		Trust: []tenant.Trust{
			{Issuer: "https://one.example", JWKS: `{"keys":[{"kty":"RSA"}]}`, Rules: []tenant.Rule{
				{Claims: map[string]string{"kubernetes.io.namespace": "checks"}, Role: tenant.Runner, Workspaces: []tenant.WorkspaceID{"prod", "test"}, ShareRuns: true},
				{Claims: map[string]string{"email": "a@example.com"}, Role: tenant.Admin},
				{Claims: map[string]string{"sub": "ci"}, Role: tenant.Builder, Pipeline: true},
			}},
			{Issuer: "https://two.example", JWKSURL: "https://two.example/keys"},
		},
		Witnesses:             []string{aWitness},
		EarlierOutputsBuckets: []string{"written-before", "in-their-project"}, CustomerBuckets: []string{"in-their-project", "e"},
		EarlierExportsBuckets: []string{"exports-before"},
		StorageKeyName:        "projects/theirs/locations/europe-west3/keyRings/r/cryptoKeys/k",
		Configs:               tenant.ConfigRules{HoldPushes: true, PipelineReviews: true},
		Model:                 tenant.ModelEndpoint{ProjectID: "acme-models", Location: "europe-west3", Model: "gemini-3.5-pro", AbuseLoggingExempt: true},
	}
	want.Limits.ModelSendsPerHour, want.Limits.ModelTokensPerDay, want.Limits.KeepModelRequests = 10, 1000, 48*time.Hour
	want.Quotas = tenant.Quotas{
		BytesPerDay: 1 << 40, PartsPerDay: 2, RunsPerDay: 3, SamplesPerDay: 4, SightingsPerDay: 5, ExportsPerDay: 6, ModelSendsPerDay: 7, RequestsPerMinute: 8,
	}
	want.Retention = tenant.Retention{
		RunDays: 90, SampleDays: 41, IssueDays: 42, ExportDays: 43, AuditEntryDays: 44, OutputDays: 60, ExportFileDays: 30, LockedOutputDays: 20, LockedExportFileDays: 10, LockedAuditDays: 400,
	}
	want.WorkspaceQuotas = tenant.Quotas{BytesPerDay: 1 << 30, PartsPerDay: 12, RunsPerDay: 13, SamplesPerDay: 14, SightingsPerDay: 15}
	var record string
	tf.outputs(t, "modules/record", recordVariables(want), map[string]any{"fields": &record})
	put(t, c, "tenants/written-by-terraform", record)

	got, err := c.Directory.Tenant(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("emptyIsNil", emptyIsNil)); diff != "" {
		t.Errorf("the variables (-) and what the functions read (+) differ:\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

func TestTerraformNamesMembersAsTheDirectoryDoes(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	c := cloudtest.Shared(t)
	const issuer, subject = "https://accounts.example/ü", "user|1 \"x\""
	vars := recordVariables(tenant.Record{ID: "m", State: tenant.Active})
	vars["workspaces"] = map[string]any{"prod": map[string]any{"members": []any{map[string]any{"issuer": issuer, "subject": subject}}}}
	var members map[string]struct {
		Workspace string
		ID        string `json:"document_id"`
		Fields    string
	}
	tf.outputs(t, "modules/record", vars, map[string]any{"members": &members})
	db, err := c.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if want := directory.Member(db, "m", "prod", issuer, subject).ID; m.ID != want || m.Workspace != "prod" {
			t.Errorf("member %s in %s, want %s in prod", m.ID, m.Workspace, want)
		}
	}
	if len(members) != 1 {
		t.Errorf("%d members, want 1", len(members))
	}
}

// aWitness is the verifier key of a witness.
const aWitness = "example.com/witness+fda069b7+BLWkh4zPlPFbkyzmnIFhIN/cw3rYJQDkexYw17201dGH"

func recordVariables(r tenant.Record) map[string]any {
	trust := []any{}
	for _, issuer := range r.Trust {
		rules := []any{}
		for _, rule := range issuer.Rules {
			rules = append(rules, map[string]any{"claims": rule.Claims, "role": rule.Role, "workspaces": append([]tenant.WorkspaceID{}, rule.Workspaces...), "share_runs": rule.ShareRuns, "pipeline": rule.Pipeline})
		}
		trust = append(trust, map[string]any{"issuer": issuer.Issuer, "jwks": issuer.JWKS, "jwks_url": issuer.JWKSURL, "rules": rules})
	}
	return map[string]any{
		"record": map[string]any{
			"id": r.ID, "state": r.State, "project_id": r.ProjectID, "location": r.Location, "outputs_bucket": r.OutputsBucket,
			"configs_bucket": r.ConfigsBucket, "exports_bucket": r.ExportsBucket, "audit_bucket": r.AuditBucket, "audit_topic": r.AuditTopic, "key_name": r.KeyName, "signing_account": r.SigningAccount,
			"signing_key_name": r.SigningKeyName, "database_id": r.DatabaseID, "upload_lifetime_seconds": r.Limits.UploadLifetime.Seconds(),
			"earlier_outputs_buckets": append([]string{}, r.EarlierOutputsBuckets...), "earlier_exports_buckets": append([]string{}, r.EarlierExportsBuckets...),
			"customer_buckets": append([]string{}, r.CustomerBuckets...), "storage_key_name": r.StorageKeyName,
			"witnesses": append([]string{}, r.Witnesses...), "model": modelVariable(r.Model),
			"configs": map[string]any{"hold_pushes": r.Configs.HoldPushes, "pipeline_reviews": r.Configs.PipelineReviews},
			"quotas": map[string]any{
				"bytes_per_day": r.Quotas.BytesPerDay, "parts_per_day": r.Quotas.PartsPerDay, "runs_per_day": r.Quotas.RunsPerDay,
				"samples_per_day": r.Quotas.SamplesPerDay, "sightings_per_day": r.Quotas.SightingsPerDay, "exports_per_day": r.Quotas.ExportsPerDay,
				"model_sends_per_day": r.Quotas.ModelSendsPerDay, "requests_per_minute": r.Quotas.RequestsPerMinute,
			},
			"workspace_quotas": map[string]any{
				"bytes_per_day": r.WorkspaceQuotas.BytesPerDay, "parts_per_day": r.WorkspaceQuotas.PartsPerDay, "runs_per_day": r.WorkspaceQuotas.RunsPerDay,
				"samples_per_day": r.WorkspaceQuotas.SamplesPerDay, "sightings_per_day": r.WorkspaceQuotas.SightingsPerDay,
			},
			"retention": map[string]any{
				"run_days": r.Retention.RunDays, "sample_days": r.Retention.SampleDays, "issue_days": r.Retention.IssueDays, "export_days": r.Retention.ExportDays,
				"audit_entry_days": r.Retention.AuditEntryDays,
				"output_days":      r.Retention.OutputDays, "export_file_days": r.Retention.ExportFileDays,
				"locked_output_days": r.Retention.LockedOutputDays, "locked_export_file_days": r.Retention.LockedExportFileDays, "locked_audit_days": r.Retention.LockedAuditDays,
			},
			"model_limits": map[string]any{
				"sends_per_hour": r.Limits.ModelSendsPerHour, "tokens_per_day": r.Limits.ModelTokensPerDay,
				"keep_requests_days": r.Limits.KeepModelRequests.Hours() / 24,
			},
		},
		"trust": trust,
	}
}

func modelVariable(e tenant.ModelEndpoint) any {
	if !e.Exists() {
		return nil
	}
	return map[string]any{
		"project_id": e.ProjectID, "location": e.Location, "name": e.Model, "abuse_logging_exempt": e.AbuseLoggingExempt, "cache_disabled": e.CacheDisabled,
	}
}

// put writes a document whose fields have the format of Firestore's REST API.
func put(t *testing.T, c *cloudtest.Cloud, path, fields string) {
	t.Helper()
	var document firestorepb.Document
	if err := protojson.Unmarshal([]byte(`{"fields":`+fields+`}`), &document); err != nil {
		t.Fatalf("Firestore rejects %s: %v", fields, err)
	}
	document.Name = "projects/" + suite.ProjectID + "/databases/" + directory.DatabaseID + "/documents/" + path
	conn, err := grpc.NewClient(c.As(suite.OperatorAccount).FirestoreHost, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := firestorepb.NewFirestoreClient(conn).UpdateDocument(t.Context(), &firestorepb.UpdateDocumentRequest{Document: &document}); err != nil {
		t.Fatal(err)
	}
}

// emptyIsNil removes the difference between the two ways to have no workspaces.
func emptyIsNil(w []tenant.WorkspaceID) []tenant.WorkspaceID {
	if len(w) == 0 {
		return nil
	}
	return w
}
