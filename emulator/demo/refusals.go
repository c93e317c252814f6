package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// attempt is something that must be refused, and how.
type attempt struct {
	who, what string
	status    int
	try       func(context.Context) (answer, error)
}

// hello is five bytes: all that the probes' URLs permit.
var hello = []byte("hello")

// showRefusals tries everything that must be refused.
func (d *Demo) showRefusals(ctx context.Context) error {
	d.printf("\n5. What must be refused\n\n")
	t := table{head: []string{"who", "tried", "answer", "", ""}}
	for _, group := range []func(context.Context) ([]attempt, error){d.withURL, d.withToken, d.withKeyOff} {
		attempts, err := group(ctx)
		if err != nil {
			return err
		}
		for _, a := range attempts {
			got, err := a.try(ctx)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", a.who, a.what, err)
			}
			t.add(a.who, a.what, fmt.Sprint(got.status), got.code, d.mark(got.status == a.status))
		}
	}
	return t.print(d.out)
}

// withURL is what the holder of a write-only URL may not do with it.
func (d *Demo) withURL(ctx context.Context) ([]attempt, error) {
	fresh, _, err := d.mint(ctx, acme)
	if err != nil {
		return nil, err
	}
	used, _, err := d.mint(ctx, acme)
	if err != nil {
		return nil, err
	}
	if a, err := used.put(ctx, hello, "", ""); err != nil || a.status != http.StatusOK {
		return nil, fmt.Errorf("an upload as permitted answered %d %s: %w", a.status, a.code, err)
	}
	const holder = "holder of an upload URL"
	tampered := upload{strings.Replace(fresh.URL, "X-Goog-Expires=", "X-Goog-Expires=1", 1), fresh.Headers}
	elsewhere := upload{strings.Replace(fresh.URL, d.tenants[acme].OutputsBucket, d.tenants[globex].OutputsBucket, 1), fresh.Headers}
	put := func(u upload, data []byte, name, value string) func(context.Context) (answer, error) {
		return func(ctx context.Context) (answer, error) { return u.put(ctx, data, name, value) }
	}
	return []attempt{
		{holder, "read with it", http.StatusForbidden, func(ctx context.Context) (answer, error) {
			return send(ctx, http.MethodGet, used.URL, nil, used.Headers)
		}},
		{holder, "write a second time", http.StatusPreconditionFailed, put(used, hello, "", "")},
		{holder, "write another content type", http.StatusForbidden, put(fresh, hello, "content-type", "text/html")},
		{holder, "write a byte too many", http.StatusBadRequest, put(fresh, []byte("hello!"), "", "")},
		{holder, "let it last longer", http.StatusForbidden, put(tampered, hello, "", "")},
		{holder, "write into another tenant's bucket", http.StatusForbidden, put(elsewhere, hello, "", "")},
		{holder, "write after it expired", http.StatusBadRequest, func(ctx context.Context) (answer, error) {
			d.cloud.Clock.Advance(16 * time.Minute)
			return fresh.put(ctx, hello, "", "")
		}},
	}, nil
}

// withToken is what a verified principal may not do.
func (d *Demo) withToken(context.Context) ([]attempt, error) {
	run, err := newRun()
	if err != nil {
		return nil, err
	}
	kept := d.runs[0].Run
	outputs := fmt.Sprintf("/v1/workspaces/%s/runs/%s/outputs", prod, kept)
	post := func(persona string, w string) func(context.Context) (answer, error) {
		return func(ctx context.Context) (answer, error) {
			return d.call(ctx, globex, persona, http.MethodPost, "/v1/workspaces/"+w+"/runs/"+run+"/uploads", ask())
		}
	}
	return []attempt{
		{"nobody", "mint without a token", http.StatusUnauthorized, func(ctx context.Context) (answer, error) {
			return d.callWith(ctx, "", http.MethodPost, uploadsPath(prod, run), ask())
		}},
		{"viewer of globex", "mint an upload URL", http.StatusForbidden, post("viewer", string(prod))},
		{"runner of globex", "mint for acme's workspace staging", http.StatusForbidden, post("runner", "staging")},
		{"runner of globex", "mint for a workspace named ../acme", http.StatusBadRequest, post("runner", "..%2facme")},
		{"viewer of globex", "read acme's run", http.StatusNotFound, func(ctx context.Context) (answer, error) {
			return d.call(ctx, globex, "viewer", http.MethodGet, outputs, nil)
		}},
		{"runner of acme", "read the output it wrote", http.StatusForbidden, func(ctx context.Context) (answer, error) {
			return d.call(ctx, acme, "runner", http.MethodGet, outputs+"/stdout.log", nil)
		}},
		{"platform staff", "read acme's output", http.StatusForbidden, func(ctx context.Context) (answer, error) {
			return d.call(ctx, acme, "platform", http.MethodGet, outputs+"/stdout.log", nil)
		}},
		{"custody itself", "read the object it keeps", http.StatusForbidden, func(ctx context.Context) (answer, error) {
			config := d.cloud.As(suite.FunctionAccount("custody"))
			object := fmt.Sprintf("http://%s/%s/%s/%s/stdout.log/00001", config.StorageHost, d.tenants[acme].OutputsBucket, prod, kept)
			return send(ctx, http.MethodGet, object, nil, map[string]string{"Authorization": "Bearer " + config.AccessToken.Reveal()})
		}},
	}, nil
}

// withKeyOff disables acme's key for as long as it tries, and shows that only
// acme notices.
func (d *Demo) withKeyOff(ctx context.Context) ([]attempt, error) {
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
	d.cloud.Clock.Advance(5 * time.Minute) // as long as a function may keep an unwrapped data key
	output := fmt.Sprintf("/v1/workspaces/%s/runs/%s/outputs/stdout.log", prod, d.runs[0].Run)
	read := func(ctx context.Context) (answer, error) {
		a, err := d.call(ctx, acme, "viewer", http.MethodGet, output, nil)
		a.code = firstOf(a.code, fmt.Sprintf("%d bytes", len(a.body)))
		return a, err
	}
	return []attempt{
		{"viewer of acme", "read while acme's key is disabled", http.StatusForbidden, read},
		{"runner of acme", "upload while acme's key is disabled", http.StatusBadRequest, func(ctx context.Context) (answer, error) {
			return mine.put(ctx, hello, "", "")
		}},
		{"viewer of acme", "list issues while acme's key is disabled", http.StatusForbidden, d.issues(acme)},
		{"viewer of globex", "list issues meanwhile (must work)", http.StatusOK, d.issues(globex)},
		{"runner of globex", "upload meanwhile (must work)", http.StatusOK, func(ctx context.Context) (answer, error) {
			return theirs.put(ctx, hello, "", "")
		}},
		{"viewer of acme", "read once it is enabled (must work)", http.StatusOK, func(ctx context.Context) (answer, error) {
			if err := d.setKey(ctx, kmspb.CryptoKeyVersion_ENABLED); err != nil {
				return answer{}, err
			}
			return read(ctx)
		}},
	}, nil
}

// issues lists a tenant's issues as a viewer.
func (d *Demo) issues(id tenant.ID) func(context.Context) (answer, error) {
	return func(ctx context.Context) (answer, error) {
		return d.call(ctx, id, "viewer", http.MethodGet, issuesPath, nil)
	}
}

// setKey switches acme's key, as its owner would.
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
		return fmt.Errorf("switch the key: %w", err)
	}
	return nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// showTraffic tells how many bytes of output the platform took: none.
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
	d.printf("\n6. What went where\n\n")
	t := table{head: []string{"", "bytes", ""}}
	t.add("output that runners sent to the bucket", size(output), d.mark(output > int64(d.bulk)))
	t.add("sent to the platform's functions, all told", size(in), d.mark(in < output/100))
	t.add("of that, anything but JSON", size(notJSON), d.mark(notJSON == 0))
	t.add("output streamed to viewers", size(view.Out), d.mark(view.Out >= output))
	return t.print(d.out)
}
