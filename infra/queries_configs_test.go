package infra_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// callConfigs reviews a configuration, pushes it and fetches it.
func (x *caller) callConfigs(t *testing.T) {
	t.Helper()
	const path = "/v1/workspaces/{workspace}/config"
	files, w := cloudtest.SLX("called"), x.tenant.Workspace
	tree, _ := configtree.New(files)
	x.values["review"] = tree.Digest().String()
	body := object{"files": 1, "bytes": 1, "waivers": []object{{"rule": "email", "reason": "the address of a team"}}}
	x.call(t, "PUT "+path+"/reviews/{review}", "", body)
	x.call(t, "GET "+path+".git/info/refs", "?service=git-receive-pack", nil)
	if r := x.call(t, "POST "+path+".git/git-receive-pack", "", cloudtest.NewPush(t, x.tenant.MainOf(t, w), files)); !strings.Contains(string(r.Body), "ok refs/heads/main") {
		t.Fatalf("the push is refused: %s", r.Body)
	}
	fetch := "0032want " + x.tenant.MainOf(t, w) + "\n00000009done\n"
	x.call(t, "POST "+path+".git/git-upload-pack", "", cloudtest.Media{Type: cloudtest.FetchMedia, Data: []byte(fetch)})
	x.call(t, "GET "+path, "", nil)
	x.call(t, "GET "+path+"/reviews/{review}", "", nil)
	x.values["file"] = configtree.SumOf(files[0]).Hash()
	x.call(t, "GET "+path+"/files/{file}", "", nil)
	x.call(t, "GET "+path+"/log", "", nil)
	held := cloudtest.SLX("held")
	x.values["review"] = x.tenant.HoldConfig(t, w, held)
	x.call(t, "GET "+path+"/reviews/{review}/files", "", nil)
	x.call(t, "POST "+path+"/reviews/{review}/approve", "", nil)
	x.values["review"] = x.tenant.HoldConfig(t, w, cloudtest.SLX("held again"))
	x.call(t, "POST "+path+"/reviews/{review}/reject", "", nil)
	x.call(t, "POST "+path+"/reset", "", object{"commit": x.tenant.MainOf(t, w)})
	x.values["file"] = configtree.SumOf(held[0]).Hash()
	x.values["review"] = x.tenant.HoldConfig(t, w, cloudtest.SLX("still waiting"))
}
