package model_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/model"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestTheLedgerHasWhatTheEndpointReceived(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.answers(t, vertex.Answer{Text: "The resolver is overloaded.", Pieces: 3})
	preview, err := f.gateway.Preview(t.Context(), f.request(t, explanation))
	if err != nil || preview.Refusal != nil {
		t.Fatal(err, preview.Refusal)
	}
	var pieces []string
	answer, err := f.gateway.Stream(t.Context(), f.request(t, explanation), func(piece string) error {
		pieces = append(pieces, piece)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	received := f.cloud.Vertex.Requests(f.project)
	if len(received) != 1 || string(received[0].Body) != string(preview.Body) {
		t.Fatalf("the endpoint received %d requests; the preview showed\n%s", len(received), preview.Body)
	}
	if len(pieces) != 3 || strings.Join(pieces, "") != answer.Text || answer.Text != "The resolver is overloaded." {
		t.Errorf("the pieces %q, the answer %q", pieces, answer.Text)
	}
	sends := f.sends(t)
	halves := sends[0].TenantHalf + " " + sends[0].StaffHalf
	got := sends[0].Send
	got.Time, got.Ended, got.EndEntry, got.TenantHalf, got.StaffHalf, got.PromptTokens = time.Time{}, time.Time{}, "", "", "", 0
	want := ledger.Send{
		Feature: consent.ExplainIssue, Destination: consent.SingleTenant, Workspace: "prod", Resource: "issues/issue-1",
		ProjectID: f.project, Location: suite.Location, Model: "gemini-3.5-pro", Version: "gemini-3.5-pro",
		Fields: []string{"issue.id operational", "issue.title text", "issue.severity metadata"},
		Bytes:  int64(len(preview.Body)), SHA256: hexSum(preview.Body), Reserved: int64(len(preview.Body)) + 4096,
		Status: ledger.Answered, Reason: "STOP", AnswerTokens: 7, AnswerBytes: 27, AnswerSHA256: hexSum([]byte(answer.Text)),
	}
	if diff := cmp.Diff(want, got); diff != "" || len(sends) != 1 {
		t.Errorf("%d sends, the first (-want +got):\n%s", len(sends), diff)
	}
	begun, ended := f.entries(t, auditlog.SendToModel), f.entries(t, auditlog.EndSendToModel)
	if len(begun) != 1 || len(ended) != 1 || begun[0].ID != answer.Entry || ended[0].Of != answer.Entry || ended[0].ID != sends[0].EndEntry {
		t.Fatalf("the log has %v and %v", begun, ended)
	}
	if m := begun[0].Model; m.SHA256 != want.SHA256 || !slices.Equal(m.Fields, want.Fields) || strings.Join(m.Consents, " ") != halves || m.Name != want.Model {
		t.Errorf("the entry says %+v", m)
	}
	if m := ended[0].Model; m.SHA256 != want.AnswerSHA256 || m.Status != "answered" || ended[0].Counts["answerTokens"] != 7 {
		t.Errorf("the end says %+v", m)
	}
}

// canary is a text of a payload that must be in no log.
const canary = "canary-of-a-payload"

func TestEveryAnswerEndsOnTheLedgerAndInNoLog(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	watched := c.Watch(canary)
	long := newFixture(t, c)
	type row struct {
		name   string
		answer vertex.Answer
		code   consent.Code // empty: there is an answer
		status ledger.Status
		reason string
	}
	rows := []row{
		{name: "a complete answer", answer: vertex.Answer{Text: "yes"}, status: ledger.Answered, reason: "STOP"},
		{name: "an answer that reached the limit of tokens", answer: vertex.Answer{Text: longText(20_000)}, status: ledger.Answered, reason: "MAX_TOKENS"},
		{name: "an answer of 2 MiB", answer: vertex.Answer{Text: longText(2 << 20), Pieces: 40}, code: consent.CodeAnswer, status: ledger.Invalid},
		{name: "one piece of 2 MiB", answer: vertex.Answer{Text: longText(2 << 20)}, code: consent.CodeAnswer, status: ledger.Invalid},
		{name: "invalid JSON", answer: vertex.Answer{Raw: "data: {\"candidates\": " + canary + "\r\n\r\n"}, code: consent.CodeAnswer, status: ledger.Invalid},
		{name: "no events", answer: vertex.Answer{Raw: canary}, code: consent.CodeUnavailable, status: ledger.Interrupted},
		{name: "a call of a function", answer: vertex.Answer{Raw: `data: {"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}]}` + "\r\n\r\n"},
			code: consent.CodeAnswer, status: ledger.Invalid},
		{name: "an unknown finish reason", answer: vertex.Answer{FinishReason: canary}, code: consent.CodeBlocked, status: ledger.Blocked, reason: "OTHER"},
		{name: "no finish reason", answer: vertex.Answer{Text: "partly", NoEnd: true}, code: consent.CodeUnavailable, status: ledger.Interrupted},
		{name: "an error before the answer", answer: vertex.Answer{Status: 500}, code: consent.CodeUnavailable, status: ledger.Failed, reason: "http-500"},
		{name: "too many requests", answer: vertex.Answer{Status: 429}, code: consent.CodeUnavailable, status: ledger.Failed, reason: "http-429"},
		{name: "an error in the stream", answer: vertex.Answer{Text: "partly", Pieces: 2, ErrorAfter: 503}, code: consent.CodeUnavailable, status: ledger.Failed, reason: "http-503"},
		{name: "a connection that breaks", answer: vertex.Answer{Text: "partly", Pieces: 2, Break: true}, code: consent.CodeUnavailable, status: ledger.Interrupted},
		{name: "a redirect", answer: vertex.Answer{Status: 307, RedirectTo: "http://127.0.0.1:1/elsewhere"}, code: consent.CodeUnavailable, status: ledger.Failed, reason: "http-307"},
	}
	for _, reason := range []string{"SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL",
		"UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "IMAGE_SAFETY", "NO_IMAGE", "CONTINUATION"} {
		rows = append(rows, row{name: "finish reason " + reason, answer: vertex.Answer{Text: "partly", FinishReason: reason}, code: consent.CodeBlocked, status: ledger.Blocked, reason: reason})
	}
	for _, reason := range []string{"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK"} {
		rows = append(rows, row{name: "block reason " + reason, answer: vertex.Answer{BlockReason: reason}, code: consent.CodeBlocked, status: ledger.Blocked, reason: reason})
	}
	payload := explanation
	payload.Issue.Title = canary
	for i, row := range rows {
		g := f
		if i >= 20 {
			g = long // a tenant may send 60 requests an hour; this keeps the ledgers short
		}
		g.answers(t, row.answer)
		_, err := g.gateway.Send(t.Context(), g.request(t, payload))
		var refused *consent.Refusal
		errors.As(err, &refused)
		switch {
		case row.code == "" && err != nil, row.code != "" && (refused == nil || refused.Code != row.code):
			t.Errorf("%s: the error is %v, want the code %q", row.name, err, row.code)
		case err != nil && strings.Contains(err.Error(), canary):
			t.Errorf("%s: the error has the payload: %v", row.name, err)
		}
		if s := g.sends(t)[0]; s.Status != row.status || s.Reason != row.reason || s.EndEntry == "" {
			t.Errorf("%s: the ledger says %q, %q; want %q, %q", row.name, s.Send.Status, s.Reason, row.status, row.reason)
		}
	}
	if got := len(c.Vertex.Requests(f.project)) + len(c.Vertex.Requests(long.project)); got != len(rows) {
		t.Errorf("the endpoint received %d requests, want %d: none is sent twice", got, len(rows))
	}
	watched.Search(t)
}

func TestAStalledModelIsCutOff(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.answers(t, vertex.Answer{Text: "partly and never more", Pieces: 2, StallUntil: make(chan struct{})})
	ctx, cancel := context.WithCancel(t.Context())
	answer, err := f.gateway.Stream(ctx, f.request(t, explanation), func(string) error { cancel(); return nil }) // the client disconnects after the first piece
	var refused *consent.Refusal
	if !errors.As(err, &refused) || refused.Code != consent.CodeUnavailable || answer.Text == "" {
		t.Errorf("the error is %v, and the answer %q", err, answer.Text)
	}
	if s := f.sends(t)[0]; s.Status != ledger.Interrupted || s.AnswerSHA256 != hexSum([]byte(answer.Text)) {
		t.Errorf("the ledger says %+v", s.Send)
	}
}

// The environment of a process cannot choose another backend, address or credential.
func TestTheEnvironmentDoesNotRedirectTheClient(t *testing.T) {
	f := newFixture(t, cloudtest.New(t, suite.Options{}))
	for name, value := range map[string]string{
		"GOOGLE_VERTEX_BASE_URL": "http://127.0.0.1:1", "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:1", "GOOGLE_GENAI_USE_VERTEXAI": "false",
		"GOOGLE_GENAI_USE_ENTERPRISE": "false", "GOOGLE_API_KEY": "key-of-the-environment", "GEMINI_API_KEY": "key", "GOOGLE_CLOUD_LOCATION": "us-central1",
		"GOOGLE_CLOUD_PROJECT": "another-project", "HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
	if _, err := f.cloud.Gateway(t, "assistants", nil, nil).Send(t.Context(), f.request(t, explanation)); err != nil {
		t.Fatal(err)
	}
	got := f.cloud.Vertex.Requests(f.project)
	if len(got) != 1 || got[0].Location != suite.Location || got[0].Caller != suite.FunctionAccount("assistants") {
		t.Errorf("the endpoint received %+v", got)
	}
}

func TestLimitsAreEnforcedPerTenantAndFeature(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	for name, row := range map[string]struct {
		limits      tenant.Limits
		least, most int           // requests that are allowed
		wait        time.Duration // at most
	}{
		"requests in an hour": {limits: tenant.Limits{ModelSendsPerHour: 3}, least: 3, most: 3, wait: time.Hour},
		// A request reserves its bytes and 4096 tokens. Its end frees what it did not use.
		"tokens in a day": {limits: tenant.Limits{ModelTokensPerDay: 6000}, least: 2, most: 9, wait: 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, c)
			f.answers(t, vertex.Answer{Text: longText(800)})
			f.tenant.Limits = row.limits
			var refused *consent.Refusal
			sent := 0
			for ; sent < 10; sent++ {
				if _, err := f.gateway.Send(t.Context(), f.request(t, explanation)); errors.As(err, &refused) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if sent < row.least || sent > row.most || refused == nil || refused.Code != consent.CodeLimit || refused.RetryAfter <= 0 || refused.RetryAfter > row.wait {
				t.Errorf("%d requests were allowed, want %d to %d; then the refusal is %+v", sent, row.least, row.most, refused)
			}
			if got := len(f.sends(t)); got != sent {
				t.Errorf("the ledger has %d requests, want %d", got, sent)
			}
			f.tenant.Consent(t, consent.RankNextTasks, consent.SingleTenant)
			if _, err := f.gateway.Send(t.Context(), f.request(t, prompt.Ranking{Found: "Check DNS"})); err != nil {
				t.Errorf("another feature is refused: %v", err)
			}
		})
	}
}

func TestNoByteIsSentAfterTheWindow(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	f := newFixture(t, c)
	// The clock jumps when the consents were checked: the third reading of it by the
	// transport is before the first byte.
	for name, row := range map[string]struct {
		late time.Duration
		code consent.Code
	}{
		"within the window": {late: model.SendWindow - time.Second},
		"after the window":  {late: model.SendWindow + time.Second, code: consent.CodeNotSent},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(c.Vertex.Requests(f.project))
			jump := &jumpingClock{now: c.Clock.Now}
			clients := c.Clients(suite.FunctionAccount("assistants"))
			g := c.Gateway(t, "assistants", clients, jump.Now)
			request := f.request(t, explanation)
			jump.after = func() bool { return len(f.entries(t, auditlog.SendToModel)) > before }
			jump.by = row.late
			_, err := g.Send(t.Context(), request)
			var refused *consent.Refusal
			errors.As(err, &refused)
			received := len(c.Vertex.Requests(f.project)) - before
			switch {
			case row.code == "" && (err != nil || received != 1):
				t.Errorf("the error is %v, and the endpoint received %d requests", err, received)
			case row.code != "" && (refused == nil || refused.Code != row.code || received != 0):
				t.Errorf("the error is %v, and the endpoint received %d requests", err, received)
			case row.code != "" && f.sends(t)[0].Status != ledger.NotSent:
				t.Errorf("the ledger says %+v", f.sends(t)[0].Send)
			}
		})
	}
}

// jumpingClock is late once something has happened.
type jumpingClock struct {
	now   func() time.Time
	after func() bool
	by    time.Duration
}

func (j *jumpingClock) Now() time.Time {
	if j.after != nil && j.after() {
		return j.now().Add(j.by)
	}
	return j.now()
}

func TestWithoutAKeyNothingIsSent(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]func(*cloudtest.Cloud, *cloudtest.Tenant) string{
		"the tenant's key is disabled": func(_ *cloudtest.Cloud, tn *cloudtest.Tenant) string { return tn.KeyName },
		"the consent key is disabled":  func(c *cloudtest.Cloud, _ *cloudtest.Tenant) string { return c.PlatformKey("consent") },
		"the audit key is disabled":    func(c *cloudtest.Cloud, _ *cloudtest.Tenant) string { return c.PlatformKey("audit") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cloudtest.New(t, suite.Options{})
			f := newFixture(t, c)
			if _, err := f.gateway.Send(t.Context(), f.request(t, explanation)); err != nil {
				t.Fatal(err)
			}
			c.SetKeyState(t, key(c, f.tenant), kmspb.CryptoKeyVersion_DISABLED)
			c.Clock.Advance(61 * time.Minute) // the processes forget their data keys
			if _, err := f.gateway.Send(t.Context(), f.request(t, explanation)); err == nil {
				t.Error("the request is sent")
			}
			if got := len(c.Vertex.Requests(f.project)); got != 1 || len(f.sends(t)) != 1 {
				t.Errorf("the endpoint received %d requests, and the ledger has %d", got, len(f.sends(t)))
			}
		})
	}
}

func TestAStoredRequestIsShownForAsLongAsTheTenantSays(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	if _, err := f.gateway.Send(t.Context(), f.request(t, explanation)); err != nil {
		t.Fatal(err)
	}
	shown := "/v1/model-sends/" + f.sends(t)[0].ID + "/request"
	f.tenant.Do(t, "auditor", http.MethodGet, shown, nil).Want(t, 404) // by default, nothing is stored

	f.tenant.Limits.KeepModelRequests = 24 * time.Hour
	answer, err := f.gateway.Send(t.Context(), f.request(t, explanation))
	if err != nil {
		t.Fatal(err)
	}
	shown = "/v1/model-sends/" + answer.Entry + "/request"
	var got struct{ Request, SHA256 string }
	f.tenant.Do(t, "auditor", http.MethodGet, shown, nil).Want(t, 200).JSON(t, &got)
	received := c.Vertex.Requests(f.project)
	if got.Request != string(received[len(received)-1].Body) || got.SHA256 != hexSum([]byte(got.Request)) {
		t.Errorf("shown is %s with the digest %s", got.Request, got.SHA256)
	}
	if reads := f.entries(t, auditlog.ReadModelRequest); len(reads) != 1 {
		t.Errorf("the log has %d reads", len(reads))
	}
	c.SetKeyState(t, f.tenant.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	c.Clock.Advance(61 * time.Minute) // the processes forget their data keys
	f.tenant.Do(t, "auditor", http.MethodGet, shown, nil).Want(t, 403)
	c.SetKeyState(t, f.tenant.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	f.tenant.Do(t, "auditor", http.MethodGet, shown, nil).Want(t, 200)
	c.Clock.Advance(25 * time.Hour)
	f.tenant.Do(t, "auditor", http.MethodGet, shown, nil).Want(t, 404)
}

func TestPublicDataIsOnThePlatformsLedgerAndNeedsNoConsent(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	c.Tenant(t) // its issuer is that of the staff
	db, err := c.Clients(suite.FunctionAccount("catalog")).Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Gateway(t, "catalog", nil, nil).Send(t.Context(), model.Request{
		DB: db, Actor: auditlog.Actor{Subject: "catalog"}, Payload: prompt.Enrichment{Task: prompt.CatalogTask{Name: "Check DNS"}, Code: "*** Tasks ***"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Sends []struct{ Entry, SHA256, Status string }
	}
	token, _ := c.Token("", "platform")
	c.Do(t, token, http.MethodGet, "/v1/platform/model-sends", nil).Want(t, 200).JSON(t, &list)
	received := c.Vertex.Requests(suite.SharedModel.ProjectID)
	if len(received) != 1 || len(list.Sends) != 1 || list.Sends[0].SHA256 != received[0].SHA256 || list.Sends[0].Entry != answer.Entry || list.Sends[0].Status != "answered" {
		t.Errorf("the endpoint received %d requests, and the ledger has %+v", len(received), list.Sends)
	}
}

func TestWhatDoesNotFitIsLeftOutAndSaid(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	payload := explanation
	payload.Issue.Details = longText(70 << 10)
	answer, err := f.gateway.Send(t.Context(), f.request(t, payload))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"issue.details"}, answer.Omitted); diff != "" {
		t.Error(diff)
	}
	if s := f.sends(t)[0]; !slices.Equal(s.Omitted, answer.Omitted) || strings.Contains(strings.Join(s.Fields, " "), "details") {
		t.Errorf("the ledger says %v without %v", s.Fields, s.Omitted)
	}
	var refused *consent.Refusal
	_, err = f.gateway.Send(t.Context(), f.request(t, prompt.Explanation{}))
	if !errors.As(err, &refused) || refused.Code != consent.CodeTooLarge {
		t.Errorf("a request without a field: %v", err)
	}
}
