package run_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

var aStart = run.Start{Task: "dns-check", SLX: "dns", Resource: "cluster-1", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}

func TestEveryFieldOfAStartMattersToEqual(t *testing.T) {
	t.Parallel()
	if !aStart.Equal(aStart) {
		t.Fatal("a start differs from itself")
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[run.Start]()) {
		changed := aStart
		value := reflect.ValueOf(&changed).Elem().FieldByIndex(field.Index)
		switch old := value.Interface().(type) {
		case string:
			value.SetString(old + "x")
		case time.Time:
			value.Set(reflect.ValueOf(old.Add(time.Microsecond)))
		default:
			t.Fatalf("add a change of the type of %s to this test", field.Name)
		}
		if aStart.Equal(changed) || changed.Equal(aStart) {
			t.Errorf("a change of %s makes no difference", field.Name)
		}
	}
}

func TestTheZoneOfAStartDoesNotMatterToEqual(t *testing.T) {
	t.Parallel()
	moved := aStart
	moved.Time = aStart.Time.In(time.FixedZone("CET", 3600))
	if !aStart.Equal(moved) || !moved.Equal(aStart) {
		t.Error("the same instant in another zone is another start")
	}
}

func TestARunIsCompleteWhenItsStartAndEndAreKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  run.Run
		want bool
	}{
		"neither is known":       {run.Run{State: run.Running}, false},
		"only the start is":      {run.Run{State: run.Running, Start: aStart}, false},
		"only the end is":        {run.Run{State: run.Ended}, false},
		"both of them are known": {run.Run{State: run.Ended, Start: aStart}, true},
	} {
		if got := c.run.Complete(); got != c.want {
			t.Errorf("%s: complete is %t, want %t", name, got, c.want)
		}
	}
}
