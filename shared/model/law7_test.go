package model_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/model"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// player plays histories of one tenant: consents change, and two processes send.
type player struct {
	fixture
	store     *halves.Store
	db        *firestore.Client // of consents
	config    halves.Config
	processes []*model.Gateway
	late      *model.Gateway // a process that sends after the halves of a day have expired
	request   model.Request
}

func newPlayer(t *testing.T, c *cloudtest.Cloud) *player {
	t.Helper()
	p := &player{fixture: newFixture(t, c)}
	p.tenant.Limits.ModelSendsPerHour, p.tenant.Limits.ModelTokensPerDay = 1<<20, 1<<40
	p.request = p.fixture.request(t, explanation)
	account := suite.FunctionAccount("consents")
	clients := c.Clients(account)
	_, config, err := function.Settings[struct {
		Audit   auditlog.Config
		Consent halves.Config
	}](c.FunctionEnviron("consents"))
	if err != nil {
		t.Fatal(err)
	}
	p.config = config.Consent
	audit, err := auditlog.Open(t.Context(), config.Audit, clients, c.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := halves.NewVerifier(t.Context(), config.Consent, clients, c.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	p.store = &halves.Store{Verifier: verifier, Audit: audit, Now: c.Clock.Now}
	if p.db, err = clients.Default(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.processes = []*model.Gateway{p.gateway, c.Gateway(t, "assistants", nil, nil)}
	p.late = c.Gateway(t, "assistants", nil, func() time.Time { return c.Clock.Now().Add(25 * time.Hour) })
	return p
}

// history is one random history, in a workspace of its own.
type history struct {
	*player
	t      *testing.T
	seed   uint64
	random *rand.Rand
	want   halves.Want
	active map[consent.Side]time.Duration // how long the halves live that are given and not withdrawn
	sends  int
}

// play plays a history of a few steps. After each step, it knows whether a request must
// be sent.
func (p *player) play(t *testing.T, seed uint64) {
	scope := consent.Scope{Tenant: p.tenant.ID, Workspace: tenant.WorkspaceID(fmt.Sprintf("h%x", seed)), Feature: consent.RankNextTasks, Destination: consent.SingleTenant}
	h := &history{
		player: p, t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 7)), active: map[consent.Side]time.Duration{},
		want: halves.Want{Scope: scope, Text: p.config.Text(p.tenant.Record, scope)},
	}
	for range 5 {
		side := consent.Sides[h.random.IntN(2)]
		switch h.random.IntN(6) {
		case 0, 1, 2:
			h.give(side)
		case 3:
			h.withdraw(side)
		case 4:
			h.send(p.processes[h.random.IntN(2)], 0)
		case 5:
			h.race(side)
		}
	}
	h.send(p.processes[1], 0)
	h.send(p.late, 25*time.Hour)
}

func (h *history) give(side consent.Side) {
	life := []time.Duration{24 * time.Hour, 48 * time.Hour}[h.random.IntN(2)]
	_, err := h.store.Give(h.t.Context(), h.db, halves.Gift{
		Want: h.want, Side: side, By: consent.Person{Issuer: "i", Subject: string(side)}, Expires: h.cloud.Clock.Now().Add(life),
	}, auditlog.Entry{Tenant: h.tenant.ID, Action: auditlog.GiveConsent, Outcome: auditlog.Allowed})
	if err != nil {
		h.t.Errorf("seed %d: %v", h.seed, err)
	}
	h.active[side] = life
}

func (h *history) withdraw(side consent.Side) {
	_, err := h.store.Withdraw(h.t.Context(), h.db, h.want, side, consent.Person{Issuer: "i", Subject: string(side)},
		auditlog.Entry{Tenant: h.tenant.ID, Action: auditlog.WithdrawConsent, Outcome: auditlog.Allowed})
	if err != nil {
		h.t.Errorf("seed %d: %v", h.seed, err)
	}
	delete(h.active, side)
}

// allowed reports whether a request must be sent after some time.
func (h *history) allowed(after time.Duration) bool {
	return h.active[consent.TenantSide] > after && h.active[consent.PlatformSide] > after
}

// try sends a request with a text of its own, and reports whether it was sent.
func (h *history) try(g *model.Gateway) bool {
	r := h.request
	r.Workspace, r.Tenant = h.want.Scope.Workspace, h.tenant.Record
	r.Payload = prompt.Ranking{Found: fmt.Sprintf("%s-%d", r.Workspace, h.sends)}
	h.sends++
	_, err := g.Send(h.t.Context(), r)
	return err == nil
}

func (h *history) send(g *model.Gateway, after time.Duration) {
	if got := h.try(g); got != h.allowed(after) {
		h.t.Errorf("seed %d: sent is %v, want %v, with %v", h.seed, got, h.allowed(after), h.active)
	}
}

// race withdraws while a process sends. Both orders are right, and then nothing is sent.
func (h *history) race(side consent.Side) {
	before := h.allowed(0)
	var work sync.WaitGroup
	var sent bool
	work.Go(func() { sent = h.try(h.processes[0]) })
	h.withdraw(side)
	work.Wait()
	if sent && !before {
		h.t.Errorf("seed %d: a request without consent is sent", h.seed)
	}
	h.send(h.processes[1], 0)
}

// Random histories in which consents change while two processes send.
func TestLaw7ConsentsChangeWhileProcessesSend(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	players := make([]*player, 8) // the requests of one feature of a tenant take turns
	for i := range players {
		players[i] = newPlayer(t, c)
	}
	count, seed := cloudtest.Histories(t, 1000)
	slots := make(chan struct{}, 8)
	var work sync.WaitGroup
	for i := range count {
		work.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			players[i%len(players)].play(t, seed+uint64(i))
		})
	}
	work.Wait()
	for _, p := range players {
		p.wantLogged(t)
	}
}

// wantLogged fails the test unless the audit log has each request that the endpoint
// received, once, and no other.
func (p *player) wantLogged(t *testing.T) {
	t.Helper()
	sends := map[string]int{}
	for _, e := range p.entries(t, auditlog.SendToModel) {
		if sends[e.Model.SHA256]++; len(e.Model.Consents) != 2 {
			t.Errorf("the entry %s names the consents %v", e.ID, e.Model.Consents)
		}
	}
	for _, r := range p.cloud.Vertex.Requests(p.project) {
		if sends[r.SHA256] != 1 {
			t.Errorf("the log has %d entries of %s", sends[r.SHA256], r.Text)
		}
		delete(sends, r.SHA256)
	}
	if len(sends) > 0 {
		t.Errorf("%d entries are of requests that the endpoint did not receive", len(sends))
	}
}
