package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// attempt is a request with the status that it must get, mostly an error.
type attempt struct {
	who, what string
	status    int
	try       func(context.Context) (response, error)
}

// hello has five bytes, the most that the URLs of the attempts allow.
var hello = []byte("hello")

// showRejections makes every request that must be rejected. Those that need a later
// time or a disabled key, or leave runs that nobody ends, go to a second cloud.
func (d *Demo) showRejections(ctx context.Context) error {
	d.printf("\n11. Requests that must be rejected (some on a second cloud, whose clock and keys they change)\n\n")
	t := table{head: []string{"caller", "request", "status", "reason", "result"}}
	if err := d.try(ctx, &t, d.attemptsWithToken); err != nil {
		return err
	}
	c, err := suite.Start(ctx, suite.Options{Backoff: time.Second})
	if err != nil {
		return fmt.Errorf("start the second cloud: %w", err)
	}
	if err := errors.Join(d.on(c).tryWithStoredRun(ctx, &t), c.Close()); err != nil {
		return err
	}
	return t.print(d.out)
}

// on returns the same demonstration on another cloud.
func (d *Demo) on(c *suite.Cloud) *Demo {
	other := *d
	other.cloud, other.workspace, other.tenants, other.runs = c, prod, nil, nil
	return &other
}

// tryWithStoredRun stores a run on an empty cloud and makes the attempts that change it.
func (d *Demo) tryWithStoredRun(ctx context.Context, t *table) (err error) {
	if d.tenants, err = setup(ctx, d.cloud, d.workspace); err != nil {
		return err
	}
	stored, _, err := d.task(ctx, io.Discard, "port-check", closedPort)
	if err != nil {
		return err
	}
	d.runs = []finishedRun{{summary: stored}}
	if err := d.waitForEvents(ctx); err != nil {
		return err
	}
	return d.try(ctx, t, d.attemptsWithURL, d.attemptsWithKeyDisabled)
}

// try makes the attempts of each group and adds their results to t.
func (d *Demo) try(ctx context.Context, t *table, groups ...func(context.Context) ([]attempt, error)) error {
	for _, group := range groups {
		attempts, err := group(ctx)
		if err != nil {
			return err
		}
		for _, a := range attempts {
			got, err := a.try(ctx)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", a.who, a.what, err)
			}
			t.add(a.who, a.what, fmt.Sprint(got.status), got.code, d.check(got.status == a.status))
		}
	}
	return nil
}

// attemptsWithURL returns what the holder of a write-only URL must not be able to do.
func (d *Demo) attemptsWithURL(ctx context.Context) ([]attempt, error) {
	fresh, _, err := d.mint(ctx, acme)
	if err != nil {
		return nil, err
	}
	used, _, err := d.mint(ctx, acme)
	if err != nil {
		return nil, err
	}
	if a, err := used.put(ctx, hello, "", ""); err != nil || a.status != http.StatusOK {
		return nil, fmt.Errorf("a valid upload returned %d %s: %w", a.status, a.code, err)
	}
	const holder = "holder of an upload URL"
	tampered := upload{strings.Replace(fresh.URL, "X-Goog-Expires=", "X-Goog-Expires=1", 1), fresh.Headers}
	otherBucket := upload{strings.Replace(fresh.URL, d.tenants[acme].OutputsBucket, d.tenants[globex].OutputsBucket, 1), fresh.Headers}
	put := func(u upload, data []byte, name, value string) func(context.Context) (response, error) {
		return func(ctx context.Context) (response, error) { return u.put(ctx, data, name, value) }
	}
	return []attempt{
		{who: holder, what: "read the object", status: http.StatusForbidden, try: func(ctx context.Context) (response, error) {
			return send(ctx, http.MethodGet, used.URL, nil, used.Headers)
		}},
		{who: holder, what: "write a second time", status: http.StatusPreconditionFailed, try: put(used, hello, "", "")},
		{who: holder, what: "write another content type", status: http.StatusForbidden, try: put(fresh, hello, "content-type", "text/html")},
		{who: holder, what: "write one byte too many", status: http.StatusBadRequest, try: put(fresh, []byte("hello!"), "", "")},
		{who: holder, what: "extend its lifetime", status: http.StatusForbidden, try: put(tampered, hello, "", "")},
		{who: holder, what: "write into another tenant's bucket", status: http.StatusForbidden, try: put(otherBucket, hello, "", "")},
		{who: holder, what: "write after it has expired", status: http.StatusBadRequest, try: func(ctx context.Context) (response, error) {
			d.cloud.Clock.Advance(16 * time.Minute)
			return fresh.put(ctx, hello, "", "")
		}},
	}, nil
}

// attemptsWithToken returns what a verified principal must not be able to do.
func (d *Demo) attemptsWithToken(context.Context) ([]attempt, error) {
	run, err := newRun()
	if err != nil {
		return nil, err
	}
	existing := d.runs[0].Run
	outputs := d.path("runs/" + existing + "/outputs")
	post := func(persona string, w string) func(context.Context) (response, error) {
		return func(ctx context.Context) (response, error) {
			return d.call(ctx, globex, persona, http.MethodPost, "/v1/workspaces/"+w+"/runs/"+run+"/uploads", oneSmallPart())
		}
	}
	return []attempt{
		{who: "nobody", what: "mint without a token", status: http.StatusUnauthorized, try: func(ctx context.Context) (response, error) {
			return d.callWith(ctx, "", http.MethodPost, uploadsPath(prod, run), oneSmallPart())
		}},
		{who: "viewer of globex", what: "mint an upload URL", status: http.StatusForbidden, try: post("viewer", string(prod))},
		{who: "runner of globex", what: "mint for acme's workspace staging", status: http.StatusForbidden, try: post("runner", "staging")},
		{who: "runner of globex", what: "mint for a workspace named ../acme", status: http.StatusBadRequest, try: post("runner", "..%2facme")},
		{who: "viewer of globex", what: "read acme's run", status: http.StatusNotFound, try: func(ctx context.Context) (response, error) {
			return d.call(ctx, globex, "viewer", http.MethodGet, fmt.Sprintf("/v1/workspaces/%s/runs/%s/outputs", prod, existing), nil)
		}},
		{who: "runner of acme", what: "read the output it wrote", status: http.StatusForbidden, try: func(ctx context.Context) (response, error) {
			return d.call(ctx, acme, "runner", http.MethodGet, outputs+"/stdout.log", nil)
		}},
		{who: "platform staff", what: "read acme's output", status: http.StatusForbidden, try: func(ctx context.Context) (response, error) {
			return d.call(ctx, acme, "platform", http.MethodGet, outputs+"/stdout.log", nil)
		}},
		{who: "function custody", what: "read an object", status: http.StatusForbidden, try: func(ctx context.Context) (response, error) {
			config := d.cloud.As(suite.FunctionAccount("custody"))
			object := fmt.Sprintf("http://%s/%s/%s/%s/stdout.log/00001", config.StorageHost, d.tenants[acme].OutputsBucket, d.workspace, existing)
			return send(ctx, http.MethodGet, object, nil, map[string]string{"Authorization": "Bearer " + config.AccessToken.Reveal()})
		}},
	}, nil
}

// attemptsWithKeyDisabled disables acme's key until its last attempt. It shows that
// only acme is affected.
func (d *Demo) attemptsWithKeyDisabled(ctx context.Context) ([]attempt, error) {
	mine, _, err := d.mint(ctx, acme)
	if err != nil {
		return nil, err
	}
	theirs, _, err := d.mint(ctx, globex)
	if err != nil {
		return nil, err
	}
	if err := d.setKey(ctx, kmspb.CryptoKeyVersion_DISABLED); err != nil {
		return nil, err
	}
	d.cloud.Clock.Advance(5 * time.Minute) // the longest time that a function keeps an unwrapped data key
	output := d.path("runs/" + d.runs[0].Run + "/outputs/stdout.log")
	read := func(ctx context.Context) (response, error) {
		a, err := d.call(ctx, acme, "viewer", http.MethodGet, output, nil)
		a.code = firstOf(a.code, fmt.Sprintf("%d bytes", len(a.body)))
		return a, err
	}
	return []attempt{
		{who: "viewer of acme", what: "read while acme's key is disabled", status: http.StatusForbidden, try: read},
		{who: "runner of acme", what: "upload while acme's key is disabled", status: http.StatusBadRequest, try: func(ctx context.Context) (response, error) {
			return mine.put(ctx, hello, "", "")
		}},
		{who: "viewer of acme", what: "list issues while acme's key is disabled", status: http.StatusForbidden, try: d.issues(acme)},
		{who: "viewer of globex", what: "list issues meanwhile (must succeed)", status: http.StatusOK, try: d.issues(globex)},
		{who: "runner of globex", what: "upload meanwhile (must succeed)", status: http.StatusOK, try: func(ctx context.Context) (response, error) {
			return theirs.put(ctx, hello, "", "")
		}},
		{who: "viewer of acme", what: "read after it is enabled (must succeed)", status: http.StatusOK, try: func(ctx context.Context) (response, error) {
			if err := d.setKey(ctx, kmspb.CryptoKeyVersion_ENABLED); err != nil {
				return response{}, err
			}
			return read(ctx)
		}},
	}, nil
}

// issues returns an attempt to list a tenant's issues as a viewer.
func (d *Demo) issues(id tenant.ID) func(context.Context) (response, error) {
	return func(ctx context.Context) (response, error) {
		return d.call(ctx, id, "viewer", http.MethodPost, d.path("issues/search"), map[string]any{})
	}
}

// setKey enables or disables acme's key, as its owner would.
func (d *Demo) setKey(ctx context.Context, state kmspb.CryptoKeyVersion_CryptoKeyVersionState) error {
	ctx = kms.As(ctx, suite.OperatorAccount)
	key, err := d.cloud.KMS.GetCryptoKey(ctx, &kmspb.GetCryptoKeyRequest{Name: d.tenants[acme].KeyName})
	if err != nil {
		return fmt.Errorf("find the key: %w", err)
	}
	_, err = d.cloud.KMS.UpdateCryptoKeyVersion(ctx, &kmspb.UpdateCryptoKeyVersionRequest{
		CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: key.Primary.Name, State: state},
		UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	if err != nil {
		return fmt.Errorf("change the key's state: %w", err)
	}
	return nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// showTraffic shows that the functions receive no output.
func (d *Demo) showTraffic(context.Context) error {
	var output, in, notJSON int64
	for _, run := range d.runs {
		output += run.bytes()
	}
	for name := range d.cloud.Suite.Functions {
		in += d.cloud.LoadBalancer.Traffic(name).In
		notJSON += d.cloud.LoadBalancer.Traffic(name).NotJSON
	}
	view := d.cloud.LoadBalancer.Traffic("outputs")
	d.printf("\n12. Traffic\n\n")
	t := table{head: []string{"traffic", "size", "result"}}
	t.add("output that runners uploaded to the bucket", size(output), d.check(output > int64(d.bulk)))
	t.add("received by all functions", size(in), d.check(in < output/100))
	t.add("received by all functions, other than JSON and git", size(notJSON), d.check(notJSON == 0))
	t.add("output streamed to viewers", size(view.Out), d.check(view.Out >= output))
	return t.print(d.out)
}
