package tenants

import (
	"context"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/offboard"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// OffboardingBody is how far the offboarding of a tenant is.
type OffboardingBody struct {
	ID        string     `json:"id" class:"operational" doc:"Of the request of the tenant's admin; the staff starts the offboarding with it"`
	Requested time.Time  `json:"requested" class:"operational"`
	Expires   time.Time  `json:"expires" class:"operational" doc:"After that, nobody can start it"`
	Started   *time.Time `json:"started,omitempty" class:"operational" doc:"Absent: the staff has not started it"`
	Step      string     `json:"step,omitempty" class:"operational" doc:"That is being taken"`
	Waits     string     `json:"waits,omitempty" class:"operational" doc:"Why the step has not ended: time, export-active, retention, held, key or came-back"`
	KeyAfter  *time.Time `json:"keyAfter,omitempty" class:"operational" doc:"Before this, the key is not destroyed"`
}

type offboardingResponse struct{ Body OffboardingBody }

func (h *Handler) registerOffboarding(a *api.API) {
	api.Register(a, h.operation("requestOffboarding", http.MethodPost, leavePath, "Ask that everything of the tenant is erased", auditlog.RequestOffboarding, 409), h.requestOffboarding)
	api.Register(a, h.operation("stopOffboarding", http.MethodPost, stopPath, "Stop the offboarding, or take the request back", auditlog.StopOffboarding, 409), h.stopOffboarding)
	api.Register(a, h.operation("getCertificate", http.MethodGet, certificatePath, "Show the newest certificate of the offboarding", auditlog.ReadCertificate, 404), h.certificate)
	api.Register(a, h.operation("startOffboarding", http.MethodPost, staffLeavePath, "Start the offboarding that an admin has asked for", auditlog.StartOffboarding, 404, 409), h.startOffboarding)
	api.Register(a, h.operation("stopOffboardingAsStaff", http.MethodPost, staffStopPath, "Stop the offboarding of a tenant", auditlog.StaffStopsOffboarding, 404, 409), h.stopAsStaff)
	api.Register(a, h.operation("getTenantOffboarding", http.MethodGet, staffLeavePath, "Show how far the offboarding of a tenant is", auditlog.ReadOffboarding, 404), h.offboardingAsStaff)
	api.Register(a, h.operation("getTenantCertificate", http.MethodGet, staffCertificatePath, "Show the newest certificate of a tenant's offboarding", auditlog.ReadOffboarding, 404), h.certificateAsStaff)
}

// RequestOffboardingRequest asks for the offboarding.
type RequestOffboardingRequest struct {
	Body struct {
		Tenant string `json:"tenant" class:"operational" maxLength:"63" example:"acme" doc:"ID of your tenant"`
	}
}

// requestOffboarding records a request, in place of one before. Nothing happens yet.
func (h *Handler) requestOffboarding(ctx context.Context, in *RequestOffboardingRequest) (*offboardingResponse, error) {
	s := access.From(ctx)
	if in.Body.Tenant != string(s.Tenant.ID) {
		return nil, api.Refuse(http.StatusConflict, api.OtherTenantText)
	}
	c, err := h.beginStaff(ctx, in.Body.Tenant)
	if err != nil {
		return nil, err
	}
	if c.settings.State == tenant.Offboarding {
		return h.showOffboarding(ctx, c, c.settings.Leaving) // it was started already
	}
	id, err := h.guard.Audit.Append(ctx, c.db, c.entry(auditlog.RequestOffboarding))
	if err != nil {
		return nil, err
	}
	leaving := &tenant.Leaving{ID: id, By: auditlog.ActorKey(auditlog.By(s.Principal)), Requested: h.now()}
	err = h.changeSettings(ctx, c.record.ID, func(old tenant.Settings) (tenant.Settings, error) {
		if old.State == tenant.Offboarding {
			return old, api.Refuse(http.StatusConflict, api.TenantNotActiveText)
		}
		old.Leaving = leaving
		return old, nil
	})
	if err != nil {
		return nil, err
	}
	return h.showOffboarding(ctx, c, leaving)
}

// StartOffboardingRequest starts the offboarding of a tenant.
type StartOffboardingRequest struct {
	TenantPath
	Body struct {
		Request string `json:"request" class:"operational" pattern:"^[0-9a-f-]{36}$" doc:"ID of the request of the tenant's admin"`
	}
}

func (h *Handler) startOffboarding(ctx context.Context, in *StartOffboardingRequest) (*offboardingResponse, error) {
	c, err := h.beginStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	if l := c.settings.Leaving; c.settings.State == tenant.Offboarding && l != nil && l.ID == in.Body.Request {
		return h.showOffboarding(ctx, c, l)
	}
	if err := c.startable(c.settings, in.Body.Request, h.now()); err != nil {
		return nil, err
	}
	e := c.entry(auditlog.StartOffboarding)
	e.Of = in.Body.Request
	id, err := h.guard.Audit.Append(ctx, c.db, e)
	if err != nil {
		return nil, err
	}
	var next tenant.Settings
	err = h.changeSettings(ctx, c.record.ID, func(old tenant.Settings) (tenant.Settings, error) {
		if err := c.startable(old, in.Body.Request, h.now()); err != nil {
			return old, err
		}
		leaving := *old.Leaving
		leaving.Start, leaving.Started = id, h.now()
		next = tenant.Settings{State: tenant.Offboarding, Entry: id, Changed: leaving.Started, Leaving: &leaving, Rules: old.Rules}
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	return h.showOffboarding(ctx, c, next.Leaving)
}

// startable rejects a start that no admin of the tenant has asked for, or not lately, and one
// by the same person.
func (c staffChange) startable(s tenant.Settings, request string, now time.Time) error {
	l := s.Leaving
	switch {
	case s.State == tenant.Offboarding:
		return api.Refuse(http.StatusConflict, api.TenantNotActiveText)
	case l == nil || l.ID != request:
		return api.Refuse(http.StatusConflict, api.OffboardingUnknownText)
	case now.Sub(l.Requested) > confirmWithin:
		return api.Refuse(http.StatusConflict, api.OffboardingStaleText)
	case l.By == auditlog.ActorKey(auditlog.By(c.session.Principal)):
		return api.Refuse(http.StatusConflict, api.OffboardingAloneText)
	}
	return nil
}

func (h *Handler) stopOffboarding(ctx context.Context, _ *struct{}) (*offboardingResponse, error) {
	return h.stop(ctx, string(access.From(ctx).Tenant.ID), auditlog.StopOffboarding)
}

func (h *Handler) stopAsStaff(ctx context.Context, in *TenantPath) (*offboardingResponse, error) {
	return h.stop(ctx, in.Tenant, auditlog.StaffStopsOffboarding)
}

// stop ends an offboarding, until a version of the key is destroyed. Versions whose destruction is
// scheduled stay so: the admin enables the key, which restores them.
func (h *Handler) stop(ctx context.Context, id string, action auditlog.Action) (*offboardingResponse, error) {
	c, err := h.beginStaff(ctx, id)
	if err != nil {
		return nil, err
	}
	leaving := c.settings.Leaving
	if leaving == nil {
		return nil, api.Refuse(http.StatusConflict, api.NotOffboardingText)
	}
	if leaving.Start != "" {
		m, err := h.measure(ctx, c.record.KeyName, nil)
		if err != nil {
			return nil, err
		}
		if len(m.inState(kmspb.CryptoKeyVersion_DESTROYED)) > 0 {
			return nil, api.Refuse(http.StatusConflict, api.KeyDestroyedText)
		}
	}
	entry, err := h.guard.Audit.Append(ctx, c.db, c.entry(action))
	if err != nil {
		return nil, err
	}
	err = h.changeSettings(ctx, c.record.ID, func(old tenant.Settings) (tenant.Settings, error) {
		if old.State == tenant.Offboarding {
			old.State, old.Entry, old.Changed = "", entry, h.now()
		}
		old.Leaving = nil
		return old, nil
	})
	if err != nil {
		return nil, err
	}
	return &offboardingResponse{OffboardingBody{
		ID: leaving.ID, Requested: leaving.Requested, Expires: leaving.Requested.Add(confirmWithin), Step: offboard.Stopped,
	}}, nil
}

func (h *Handler) offboardingAsStaff(ctx context.Context, in *TenantPath) (*offboardingResponse, error) {
	c, err := h.beginStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	if c.settings.Leaving == nil {
		return nil, api.Refuse(http.StatusNotFound, api.NotOffboardingText)
	}
	return h.showOffboarding(ctx, c, c.settings.Leaving)
}

func (h *Handler) showOffboarding(ctx context.Context, c staffChange, l *tenant.Leaving) (*offboardingResponse, error) {
	body, err := describeOffboarding(ctx, c.db, c.record.ID, l)
	return &offboardingResponse{body}, err
}

// describeOffboarding reads how far the offboarding is that was asked for.
func describeOffboarding(ctx context.Context, db *firestore.Client, id tenant.ID, l *tenant.Leaving) (b OffboardingBody, err error) {
	b = OffboardingBody{ID: l.ID, Requested: l.Requested, Expires: l.Requested.Add(confirmWithin)}
	if l.Start == "" {
		return b, nil
	}
	p, err := offboard.Read(ctx, db, id)
	if err != nil {
		return b, err
	}
	keyAfter := l.Started.Add(offboard.Notice)
	b.Started, b.KeyAfter, b.Step = &l.Started, &keyAfter, string(offboard.Steps[0])
	if p.Start == l.Start {
		b.Step, b.Waits = string(p.Step), p.Waits
	}
	return b, nil
}

type certificateResponse struct {
	Body struct {
		Kind         string   `json:"kind" class:"operational" enum:"interim,final"`
		Note         string   `json:"note" class:"operational" doc:"The certificate: a signed note of c2sp.org/signed-note"`
		VerifierKeys []string `json:"verifierKeys" class:"operational" doc:"The oldest first. They prove something only if you also received them from somebody whom you trust"`
	}
}

func (h *Handler) certificate(ctx context.Context, _ *struct{}) (*certificateResponse, error) {
	s := access.From(ctx)
	return h.newestCertificate(ctx, s.DB, s.Tenant.ID)
}

func (h *Handler) certificateAsStaff(ctx context.Context, in *TenantPath) (*certificateResponse, error) {
	c, err := h.beginStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	return h.newestCertificate(ctx, c.db, c.record.ID)
}

func (h *Handler) newestCertificate(ctx context.Context, db *firestore.Client, t tenant.ID) (*certificateResponse, error) {
	for _, kind := range []string{certificate.Final, certificate.Interim} {
		stored, err := offboard.ReadCertificate(ctx, offboard.CertificateRef(db, t, kind))
		if err != nil {
			return nil, err
		}
		if stored.Start != "" {
			out := &certificateResponse{}
			out.Body.Kind, out.Body.Note, out.Body.VerifierKeys = kind, string(stored.Note), stored.Keys
			return out, nil
		}
	}
	return nil, api.Refuse(http.StatusNotFound, "there is no certificate yet: it is issued when an offboarding has begun")
}
