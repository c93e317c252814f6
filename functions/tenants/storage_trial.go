package tenants

import (
	"context"
	"net/http"
	"time"

	credentials "cloud.google.com/go/iam/credentials/apiv1"

	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
	"github.com/strongroom-dev/strongroom/shared/storageprobe"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// storageTrial tries what a bucket allows and refuses.
type storageTrial struct {
	*Handler
	tenant       tenant.Record
	verification *storageprobe.Verification
}

func (t *storageTrial) add(checks ...storageprobe.Check) {
	t.verification.Checks = append(t.verification.Checks, checks...)
}

// run makes all checks but those of the notification. A check that cannot be made is recorded
// as such.
func (t *storageTrial) run(ctx context.Context) {
	v := t.verification
	attrs, err := t.storage.Bucket(v.Bucket).Attrs(ctx)
	switch {
	case err != nil && bucket.IsTransient(err):
		t.add(notChecked("readable", "Cloud Storage does not answer now", "verify the storage again"))
		return
	case err != nil || attrs.Labels["tenant"] != string(t.tenant.ID):
		// One answer for three causes: whoever asks must not learn anything of the buckets of others.
		t.add(failedCheck("readable", "there is no such bucket, or it does not show its settings to the platform, or it has not the label of your tenant",
			"create it with infra/modules/storage: it needs the label tenant = "+string(t.tenant.ID)+", and the role strongroomBucketVerifier for the account of the function tenants"))
		return
	}
	t.add(settingsChecks(t.tenant, *v, attrs)...)
	if v.Component == tenant.Exports {
		t.add(exportsWriteCheck, exportsReadCheck) // the signing account writes no exports
		return
	}
	client, err := t.credentials.Get(ctx, func(ctx context.Context) (*credentials.IamCredentialsClient, error) {
		cloud := t.deps.Clients.Config
		options, err := cloud.Dial(cloud.IAMCredentialsHost)
		if err != nil {
			return nil, err
		}
		return credentials.NewIamCredentialsClient(ctx, options...)
	})
	if err != nil {
		t.add(notChecked("create", "the platform cannot sign upload URLs now", "verify the storage again"))
		return
	}
	t.tryProbe(ctx, signedurl.NewIAM(client, t.tenant.SigningAccount))
	t.add(outputsReadCheck)
}

// tryProbe creates the probe as a runner creates a part, and then tries what the signing account
// must not be able to do with it.
func (t *storageTrial) tryProbe(ctx context.Context, signer signedurl.Signer) {
	v := t.verification
	content := storageprobe.Content(v.ID)
	object := storageprobe.Object(t.tenant.ID, v.ID)
	upload, err := t.minter.Mint(ctx, signer, signedurl.Policy{
		Bucket: v.Bucket, Object: object, ContentType: storageprobe.ContentType, MaxBytes: int64(len(content)),
		Expires: t.deps.Now().Add(time.Minute),
	})
	if err != nil {
		t.add(notChecked("create", "the platform cannot sign upload URLs now", "verify the storage again"))
		return
	}
	first := t.create(ctx, upload, content)
	t.add(createCheck(first))
	if v.Created = first.created; !v.Created {
		return
	}
	again := signedurl.Send(ctx, upload.Method, upload.URL, upload.Headers, content)
	t.add(refusalCheck("no-overwrite", "a second upload with the same URL", again, http.StatusPreconditionFailed, "keep the platform's conditions: put no proxy that changes requests before the bucket"))
	for _, trial := range []struct{ id, what, method, object, fix string }{
		{id: "no-replace", what: "an upload that replaces the probe", method: http.MethodPut, object: object, fix: "storage.objects.delete"},
		{id: "no-read", what: "reading the probe as the signing account", method: http.MethodGet, object: object, fix: "storage.objects.get"},
		{id: "no-list", what: "listing the bucket as the signing account", method: http.MethodGet, object: "", fix: "storage.objects.list"},
		{id: "no-delete", what: "deleting the probe as the signing account", method: http.MethodDelete, object: object, fix: "storage.objects.delete"},
	} {
		location, err := t.minter.MintTrial(ctx, signer, trial.method, v.Bucket, trial.object)
		if err != nil {
			t.add(notChecked(trial.id, "the platform cannot sign requests now", "verify the storage again"))
			continue
		}
		var body []byte
		if trial.method == http.MethodPut {
			body = content
		}
		answer := signedurl.Send(ctx, trial.method, location, nil, body)
		t.add(refusalCheck(trial.id, trial.what, answer, http.StatusForbidden,
			"remove every role with "+trial.fix+" from the account "+t.tenant.SigningAccount+"; it needs storage.objects.create only"))
	}
}

// attempts is how often the probe is sent if the answer is lost.
const attempts = 3

// created is the answer to the upload of the probe.
type created struct {
	signedurl.Answer
	created bool
}

// create uploads the probe. If an answer was lost, the bucket refuses the next attempt because
// the probe exists.
func (t *storageTrial) create(ctx context.Context, upload signedurl.Upload, content []byte) (c created) {
	for attempt := range attempts {
		c.Answer = signedurl.Send(ctx, upload.Method, upload.URL, upload.Headers, content)
		if c.created = c.Status == http.StatusOK || attempt > 0 && c.Status == http.StatusPreconditionFailed; c.created || !c.Transient() {
			return c
		}
	}
	return c
}

func createCheck(c created) storageprobe.Check {
	switch {
	case c.created:
		return okCheck("create", "a signed URL of the tenant's signing account created the probe")
	case c.Transient():
		return notChecked("create", "the bucket did not answer: "+c.String(), "verify the storage again")
	case c.Status == http.StatusPreconditionFailed:
		return failedCheck("create", "the probe exists before it was created: "+c.String(), "let nobody else create objects with names that begin with "+storageprobe.Prefix)
	}
	return failedCheck("create", "the bucket refused the upload: "+c.String(),
		"grant the role strongroomOutputsCreator to the tenant's signing account, and the bucket's key to the service agent of Cloud Storage of your project")
}

// refusalCheck is the check that the bucket refuses a request with a status.
func refusalCheck(id, what string, a signedurl.Answer, want int, fix string) storageprobe.Check {
	switch {
	case a.Status == want:
		return okCheck(id, "the bucket refuses %s: %s", what, a)
	case a.Transient():
		return notChecked(id, "the bucket did not answer: "+a.String(), "verify the storage again")
	}
	return failedCheck(id, "the bucket does not refuse "+what+": "+a.String(), fix)
}
