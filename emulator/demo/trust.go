package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
)

// showTrust shows that an admin adds a newcomer by a rule and as a member, and removes the rule.
func (d *Demo) showTrust(ctx context.Context) error {
	d.printf("\n   An admin of %s gives a newcomer a role and a workspace, and takes the role back (on another cloud, whose clock moves)\n\n", acme)
	c, err := suite.Start(ctx, suite.Options{Backoff: time.Second})
	if err != nil {
		return fmt.Errorf("start another cloud: %w", err)
	}
	return errors.Join(d.on(c).changeTrust(ctx), c.Close())
}

func (d *Demo) changeTrust(ctx context.Context) (err error) {
	if d.tenants, err = setup(ctx, d.cloud, d.workspace); err != nil {
		return err
	}
	token, err := d.cloud.Token(acme, "newcomer")
	if err != nil {
		return err
	}
	issuer, subject := d.cloud.Issuer.URL(), "newcomer@"+string(acme)+".example"
	rule := func(subject string) map[string]any {
		return map[string]any{"issuer": issuer, "role": "viewer", "claims": []map[string]string{{"name": "sub", "value": subject}}}
	}
	rules, members, runs := "/v1/tenant/trust/rules", "/v1/tenant/workspaces/"+string(d.workspace)+"/members", d.path("runs/search")
	t := table{head: []string{"caller", "request", "status", "answer", "result"}}
	var added struct{ ID string }
	for _, s := range []struct {
		caller, what, method, path string
		body                       any
		status                     int
		answer                     string        // expected in the answer
		after                      time.Duration // advances the clock before
	}{
		{caller: "newcomer", what: "list runs, without a rule", method: http.MethodPost, path: runs, body: map[string]any{}, status: http.StatusForbidden},
		{caller: "admin", what: "test the newcomer's token", method: http.MethodPost, path: "/v1/tenant/trust/test", body: map[string]any{"token": token}, status: http.StatusOK, answer: "no role"},
		{caller: "admin", what: "add a rule for somebody else's subject", method: http.MethodPost, path: rules, body: map[string]any{"token": token, "rule": rule("somebody")}, status: http.StatusConflict, answer: "trust-rule-unmatched"},
		{caller: "admin", what: "test a rule for the newcomer", method: http.MethodPost, path: "/v1/tenant/trust/test", body: map[string]any{"token": token, "rule": rule(subject)}, status: http.StatusOK, answer: "viewer"},
		{caller: "admin", what: "add this rule", method: http.MethodPost, path: rules, body: map[string]any{"token": token, "rule": rule(subject)}, status: http.StatusOK, answer: "viewer"},
		{caller: "newcomer", what: "list runs a minute later, as no member", method: http.MethodPost, path: runs, body: map[string]any{}, status: http.StatusForbidden, after: directory.MaxAge},
		{caller: "admin", what: "make the newcomer a member", method: http.MethodPost, path: members, body: map[string]any{"issuer": issuer, "subject": subject}, status: http.StatusOK},
		{caller: "newcomer", what: "list runs", method: http.MethodPost, path: runs, body: map[string]any{}, status: http.StatusOK},
		{caller: "admin", what: "remove the rule", method: http.MethodDelete, path: rules + "/", status: http.StatusOK},
		{caller: "newcomer", what: "list runs a minute later", method: http.MethodPost, path: runs, body: map[string]any{}, status: http.StatusForbidden, after: directory.MaxAge},
	} {
		if s.method == http.MethodDelete {
			s.path += added.ID
		}
		d.cloud.Clock.Advance(s.after)
		got, err := d.call(ctx, acme, s.caller, s.method, s.path, s.body)
		if err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
		if s.path == rules && got.status == http.StatusOK {
			if err := json.Unmarshal(got.body, &added); err != nil {
				return fmt.Errorf("%s: %w", s.what, err)
			}
		}
		answer := answerOf(s.path, got)
		t.add(s.caller+" of "+string(acme), s.what, fmt.Sprint(got.status), answer, d.check(got.status == s.status && (s.answer == "" || s.answer == answer)))
	}
	return t.print(d.out)
}

// answerOf returns the code of a problem, or the role that a token or a rule has.
func answerOf(path string, got response) string {
	var shown struct{ Code, Role string }
	if json.Unmarshal(got.body, &shown) != nil {
		return ""
	}
	switch {
	case shown.Code != "":
		return shown.Code
	case shown.Role == "" && path == "/v1/tenant/trust/test":
		return "no role"
	}
	return shown.Role
}
