package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// showOffboarding shows that a tenant leaves with a certificate, and another one stays.
func (d *Demo) showOffboarding(ctx context.Context) error {
	d.printf("\n10. %s leaves: a legal hold stops it until two persons have lifted it; a certificate says what was erased (on a second cloud, whose clock is moved)\n\n", acme)
	c, err := suite.Start(ctx, suite.Options{Backoff: time.Second})
	if err != nil {
		return fmt.Errorf("start the second cloud: %w", err)
	}
	return errors.Join(d.on(c).leave(ctx), c.Close())
}

// leaveStep is a step of the section about offboarding.
type leaveStep struct {
	persona, what, method, path string
	body                        any
	status                      int
	after                       time.Duration // by which the clock is moved before
	step                        string        // of the offboarding, in the response; empty: the response has none
}

func (d *Demo) leave(ctx context.Context) (err error) {
	if d.tenants, err = setup(ctx, d.cloud, d.workspace); err != nil {
		return err
	}
	if _, _, err := d.task(ctx, io.Discard, "port-check", closedPort); err != nil {
		return err
	}
	if err := d.waitForEvents(ctx); err != nil {
		return err
	}
	const day = 24 * time.Hour
	own, staff := "/v1/tenant/", "/v1/tenants/"+string(acme)+"/"
	show := func(after time.Duration, what, step string) leaveStep {
		return leaveStep{persona: "platform", what: what, method: http.MethodGet, path: staff + "offboarding", status: http.StatusOK, after: after, step: step}
	}
	t := table{head: []string{"caller", "request", "status", "step", "result"}}
	var asked askedFor
	for _, s := range []leaveStep{
		{persona: "admin", what: "ask for the offboarding", method: http.MethodPost, path: own + "offboarding", body: map[string]any{"tenant": acme}, status: http.StatusOK},
		{persona: "platform", what: "start it", method: http.MethodPost, path: staff + "offboarding", body: &asked, status: http.StatusOK, step: "count"},
		show(20*time.Minute, "20 minutes later", "export"),
		{persona: "admin", what: "place a legal hold", method: http.MethodPut, path: own + "holds/case-17", body: map[string]any{}, status: http.StatusOK},
		show(31*day, "31 days later", "retention"),
		{persona: "admin", what: "ask to lift the hold", method: http.MethodPost, path: own + "holds/case-17/lift", body: map[string]any{}, status: http.StatusOK},
		{persona: "platform", what: "confirm that it ends", method: http.MethodPost, path: staff + "holds/case-17/lift", body: &asked, status: http.StatusOK},
		show(time.Hour, "an hour later", "await-key"),
		show(25*time.Hour, "a day later, the key is destroyed", "await-google"),
		show(99*day, "14 weeks later", "done"),
	} {
		if err := d.takeLeaveStep(ctx, &t, s, &asked); err != nil {
			return err
		}
	}
	if err := d.verifyCertificate(ctx, &t); err != nil {
		return err
	}
	return t.print(d.out)
}

// askedFor is what an admin has asked for and the staff confirms.
type askedFor struct {
	ID      string
	Lifting struct{ ID string }
}

func (d *Demo) takeLeaveStep(ctx context.Context, t *table, s leaveStep, asked *askedFor) error {
	if s.after > 0 {
		d.cloud.Clock.Advance(s.after)
		if err := d.cloud.Scheduler.RunNow(ctx, "offboarding"); err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
	}
	if s.body == any(asked) { // the staff confirms what the admin has asked for
		s.body = map[string]any{"request": asked.ID}
		if asked.Lifting.ID != "" {
			s.body = map[string]any{"lifting": asked.Lifting.ID}
		}
	}
	got, err := d.call(ctx, tenantOf(s.persona), s.persona, s.method, s.path, s.body)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", s.persona, s.what, err)
	}
	var state struct{ Step, Waits string }
	if err := errors.Join(json.Unmarshal(got.body, &state), json.Unmarshal(got.body, asked)); err != nil {
		return fmt.Errorf("%s, %s: %w", s.persona, s.what, err)
	}
	t.add(s.persona, s.what, fmt.Sprint(got.status), strings.TrimSpace(state.Step+" "+state.Waits), d.check(got.status == s.status && state.Step == s.step))
	return nil
}

// verifyCertificate verifies the final certificate offline, and that the other tenant can read.
func (d *Demo) verifyCertificate(ctx context.Context, t *table) error {
	got, err := d.call(ctx, "", "platform", http.MethodGet, "/v1/tenants/"+string(acme)+"/certificate", nil)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	var issued struct {
		Note         string
		VerifierKeys []string
	}
	if err := json.Unmarshal(got.body, &issued); err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	published, err := send(ctx, http.MethodGet, d.cloud.URL+"/v1/tenants/"+string(acme)+"/certificates/keys", nil, nil)
	if err != nil {
		return fmt.Errorf("read the verifier keys: %w", err)
	}
	t.add("anybody", "read the verifier keys, without a token", fmt.Sprint(published.status), "the same as with the certificate",
		d.check(slices.Equal(strings.Fields(string(published.body)), issued.VerifierKeys)))
	c, err := certificate.Verify([]byte(issued.Note), issued.VerifierKeys...)
	var existed, left int64
	for _, s := range c.Stores {
		existed, left = existed+s.Found, left+s.Present
	}
	t.add("anybody", "verify the certificate offline", "", fmt.Sprintf("%s: %d objects and documents existed, %d are left", c.Kind, existed, left),
		d.check(err == nil && c.Kind == certificate.Final && existed > 0 && left == 0))
	other, err := d.call(ctx, globex, "admin", http.MethodGet, "/v1/tenant", nil)
	if err != nil {
		return fmt.Errorf("show the other tenant: %w", err)
	}
	t.add("admin of "+string(globex), "show the tenant", fmt.Sprint(other.status), keyStateIn(other), d.check(other.status == http.StatusOK && keyStateIn(other) == "active"))
	return nil
}

// tenantOf returns the tenant of a persona; staff have none.
func tenantOf(persona string) tenant.ID {
	if persona == "platform" {
		return ""
	}
	return acme
}
