package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// keyStep is a step of the section about the tenant's key.
type keyStep struct {
	tenant        tenant.ID
	persona, what string
	method, path  string
	status        int
	body          any
	state         string // of the key in the response; empty: the response has none
}

// showKey shows that an admin controls the key of one tenant, and of no other.
func (d *Demo) showKey(ctx context.Context) error {
	d.printf("\n9. An admin of %s tests the key, disables it and enables it; %s is not affected (on a second cloud)\n\n", acme, globex)
	c, err := suite.Start(ctx, suite.Options{Backoff: time.Second})
	if err != nil {
		return fmt.Errorf("start the second cloud: %w", err)
	}
	return errors.Join(d.on(c).changeKey(ctx), c.Close())
}

func (d *Demo) changeKey(ctx context.Context) (err error) {
	if d.tenants, err = setup(ctx, d.cloud, d.workspace); err != nil {
		return err
	}
	stored, _, err := d.task(ctx, io.Discard, "port-check", closedPort)
	if err != nil {
		return err
	}
	if err := d.waitForEvents(ctx); err != nil {
		return err
	}
	output := d.path("runs/" + stored.Run + "/outputs/stdout.log")
	t := table{head: []string{"caller", "request", "status", "key", "result"}}
	show := func(id tenant.ID) keyStep {
		return keyStep{tenant: id, persona: "admin", what: "show the tenant", method: http.MethodGet, path: "/v1/tenant", status: http.StatusOK, state: "active"}
	}
	read := func(status int) keyStep {
		return keyStep{tenant: acme, persona: "viewer", what: "read output", method: http.MethodGet, path: output, status: status}
	}
	change := func(action, state string) keyStep {
		return keyStep{
			tenant: acme, persona: "admin", what: action + " the key", method: http.MethodPost, path: "/v1/tenant/key/" + action,
			status: http.StatusOK, state: state,
		}
	}
	denied := change("disable", "")
	denied.persona, denied.status = "viewer", http.StatusForbidden
	rotate := change("rotate", "active")
	rotate.body = map[string]any{"primary": "1"}
	for _, s := range []keyStep{
		change("test", "active"), rotate, read(http.StatusOK),
		denied, change("disable", "revoked"), read(http.StatusForbidden), show(globex),
		change("enable", "active"), read(http.StatusOK),
	} {
		got, err := d.call(ctx, s.tenant, s.persona, s.method, s.path, s.body)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", s.persona, s.what, err)
		}
		state := keyStateIn(got)
		t.add(s.persona+" of "+string(s.tenant), s.what, fmt.Sprint(got.status), state, d.check(got.status == s.status && state == s.state))
	}
	return t.print(d.out)
}

// keyStateIn returns the state of the key that a response says.
func keyStateIn(r response) string {
	var body struct{ Key struct{ State string } }
	if json.Unmarshal(r.body, &body) != nil {
		return "" // output
	}
	return body.Key.State
}
