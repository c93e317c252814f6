package uploads_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

func TestAfterTheReportOnlyClaimedPartsAreGranted(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id := cloudtest.NewRun(t)
	tn.Mint(t, id, cloudtest.PartOf("stdout.log", 1, hello), cloudtest.PartOf("early.log", 1, hello))
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
		"end": time.Now().UTC(), "outcome": "success", "exitCode": 0, "outputs": []map[string]any{{"name": "stdout.log", "parts": 2}},
	}).Want(t, http.StatusOK)
	for name, c := range map[string]struct {
		parts []cloudtest.Part
		want  int
	}{
		"a claimed part that was granted before":   {[]cloudtest.Part{cloudtest.PartOf("stdout.log", 1, hello)}, http.StatusOK},
		"a claimed part that was never granted":    {[]cloudtest.Part{cloudtest.PartOf("stdout.log", 2, hello)}, http.StatusOK},
		"a part after the claimed ones":            {[]cloudtest.Part{cloudtest.PartOf("stdout.log", 3, hello)}, http.StatusConflict},
		"an output that is not claimed":            {[]cloudtest.Part{cloudtest.PartOf("planted.log", 1, hello)}, http.StatusConflict},
		"an unclaimed part that was granted early": {[]cloudtest.Part{cloudtest.PartOf("early.log", 1, hello)}, http.StatusConflict},
		"a claimed part and one that is not":       {[]cloudtest.Part{cloudtest.PartOf("stdout.log", 2, hello), cloudtest.PartOf("x", 1, hello)}, http.StatusConflict},
	} {
		if got := mint(t, tn, id, c.parts...); got.Status != c.want {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := grants(t, tn, id); len(got) != 3 {
		t.Errorf("grants: %+v", got)
	}
}
