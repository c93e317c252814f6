package storageprobe_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/storageprobe"
)

func FuzzParse(f *testing.F) {
	for _, name := range []string{
		"strongroom-probe/acme/0198f0c5-0000-7000-8000-000000000000", "strongroom-probe/acme/", "strongroom-probe//x",
		"strongroom-probe/ACME/0198f0c5-0000-7000-8000-000000000000", "prod/0198f0c5-0000-7000-8000-000000000000/out.log/00001",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		tenant, id, ok := storageprobe.Parse(name)
		if ok && storageprobe.Object(tenant, id) != name {
			t.Errorf("%q is the probe %s of %s, which has another name", name, id, tenant)
		}
		if _, err := grant.ParseObject(name); ok && err == nil {
			t.Errorf("%q is a probe and a part of an output", name)
		}
	})
}

func TestTheNameOfAProbeIsParsed(t *testing.T) {
	t.Parallel()
	const id = "0198f0c5-0000-7000-8000-000000000000"
	if tenant, got, ok := storageprobe.Parse(storageprobe.Object("acme", id)); !ok || tenant != "acme" || got != id {
		t.Errorf("the probe is parsed as %s, %s, %v", tenant, got, ok)
	}
	if _, _, ok := storageprobe.Parse("strongroom-probe/acme/" + id + "/more"); ok {
		t.Error("a longer name is parsed as a probe")
	}
}
