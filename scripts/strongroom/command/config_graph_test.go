package command_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

func TestConfiguredSLXsAreListed(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	viewer := programOf(t, tn, "viewer")
	if got := decode[struct{ SLXs []api.ConfiguredSLX }](t, viewer, "config", "graph", "--json").SLXs; len(got) != 0 {
		t.Errorf("without a configuration: %+v", got)
	}
	const head = "apiVersion: runwhen.com/v1\nkind: "
	files := []configtree.File{
		{Path: "sli.yaml", Data: []byte(head + "ServiceLevelIndicator\nmetadata: {name: prod--web}\nspec: {displayUnitsShort: ms, codeBundle: {pathToRobot: web/sli.robot}}\n")},
		{Path: "tasks.yaml", Data: []byte(head + "TaskSet\nmetadata: {name: prod--web}\nspec: {tasks: [Check web]}\n")},
		{Path: "web.yaml", Data: []byte(head + "ServiceLevelX\nmetadata: {name: prod--web}\nspec: {alias: Web, tags: [{name: team, value: shop}], additionalContext: {qualified_name: shop/web}}\n")},
	}
	for n := range 60 { // more than a page
		files = append(files, configtree.File{Path: fmt.Sprintf("z%02d.yaml", n), Data: []byte(head + fmt.Sprintf("ServiceLevelX\nmetadata: {name: prod--z%02d}\nspec: {alias: Z}\n", n))})
	}
	tn.PushCommit(t, tn.Workspace, "configure the shop\n", files)
	tn.Cloud.Drain(t)
	want := api.ConfiguredSLX{
		Name: "web", Alias: "Web", Path: "web.yaml", Resource: "shop/web", Tasks: []string{"Check web"}, Tags: []string{"team=shop"},
		SLIs: []api.ConfiguredSLI{{Name: "web/sli.robot", Path: "sli.yaml", Detail: "ms"}}, Groups: []string{}, Related: []string{},
	}
	all := decode[struct{ SLXs []api.ConfiguredSLX }](t, viewer, "config", "graph", "--json", "--limit", "0").SLXs
	if diff := cmp.Diff(want, all[0]); diff != "" || len(all) != 61 {
		t.Errorf("%d SLXs (-want +got):\n%s", len(all), diff)
	}
	r := viewer.run(t, "config", "graph", "--slx", "prod--web").want(t)
	if !strings.Contains(r.stdout, "shop/web") || !strings.Contains(r.stdout, "web/sli.robot ms") || strings.Contains(r.stdout, "z00") {
		t.Errorf("got %s", r.stdout)
	}
}
