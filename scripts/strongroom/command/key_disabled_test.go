package command_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
)

// keySwitch disables the tenant's key when the bucket receives the first part, and
// enables it again some requests later.
type keySwitch struct {
	tenant *cloudtest.Tenant
	later  int // requests

	mu       sync.Mutex
	requests int // since the key was disabled; 0: not yet
	errs     []error
}

func (k *keySwitch) fault(r *http.Request) faults.Fault {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.requests > 0:
		if k.requests++; k.requests == k.later {
			k.set(kmspb.CryptoKeyVersion_ENABLED)
		}
	case r.URL.Query().Has("X-Goog-Signature"):
		k.requests = 1
		k.set(kmspb.CryptoKeyVersion_DISABLED)
	}
	return faults.None
}

func (k *keySwitch) set(state kmspb.CryptoKeyVersion_CryptoKeyVersionState) {
	client, err := k.tenant.Cloud.Operator.KMS(context.Background())
	if err == nil {
		_, err = client.UpdateCryptoKeyVersion(context.Background(), &kmspb.UpdateCryptoKeyVersionRequest{
			CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: k.tenant.KeyName + "/cryptoKeyVersions/1", State: state},
			UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
		})
	}
	if err != nil {
		k.errs = append(k.errs, err)
	}
}

// TestAKeyThatIsDisabledForAWhileLosesNothing disables the tenant's key in the middle
// of an upload.
func TestAKeyThatIsDisabledForAWhileLosesNothing(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	k := &keySwitch{tenant: tenant, later: 6}
	p := programOf(t, tenant, "runner").proxied(t, faults.HTTPConfig{Fault: k.fault})
	script := `echo '{"title":"DNS is slow","severity":2}' > $STRONGROOM_OUTPUT_DIR/issues.jsonl; echo out`
	r := p.run(t, "run", "--json", "--quiet", "--wait", "--backoff", "20ms", "--", "sh", "-c", script).want(t)
	if s := decodeSummary(t, r.stderr); !s.Uploaded {
		t.Errorf("%+v", r)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.errs) > 0 || k.requests < k.later {
		t.Fatalf("the key was disabled for %d requests: %v", k.requests, k.errs)
	}
	run := p.oneRun(t)
	if got := p.content(t, run, "stdout.log"); got != "out\n" || p.recorded(t, run).Issues != 1 {
		t.Errorf("stdout.log is %q, and the run is %+v", got, p.recorded(t, run))
	}
}
