package assistants

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// maxSLIs is how many SLIs an answer lists at most.
const maxSLIs = 100

type healthBody struct {
	SLIs   []sliBody `json:"slis" doc:"By alert, the most urgent first; of one alert, stale ones first, then by name"`
	Capped bool      `json:"capped" class:"operational" doc:"There may be more SLIs, none of them more urgent. Search them"`
}

// alertOrder orders alerts, the most urgent first.
var alertOrder = map[string]int{string(sli.Page): 0, string(sli.Ticket): 1, string(sli.Warning): 2, string(sli.None): 3}

// noteworthySLIs returns the SLIs of a workspace if there are fewer than maxSLIs. If
// there are more, it returns the first by name and up to maxSLIs of each alert, some of
// them twice.
func noteworthySLIs(ctx context.Context, s access.Session, now time.Time) (found []sli.SLI, more bool, err error) {
	found, err = readSLIs(ctx, slisIn(s).OrderBy("name", firestore.Asc).Limit(maxSLIs))
	if err != nil || len(found) < maxSLIs {
		return found, false, err
	}
	alerts := []sli.Alert{sli.Page, sli.Ticket, sli.Warning}
	urgent := make([][]sli.SLI, len(alerts))
	group, ctx := errgroup.WithContext(ctx)
	for n, alert := range alerts {
		until := "until." + string(alert)
		group.Go(func() (err error) {
			urgent[n], err = readSLIs(ctx, slisIn(s).Where(until, ">", now).OrderBy(until, firestore.Desc).Limit(maxSLIs))
			return err
		})
	}
	err = group.Wait()
	return slices.Concat(append(urgent, found)...), true, err
}

// healthOf shows the most urgent of the given SLIs, each once.
func healthOf(slis []sli.SLI, now time.Time) []sliBody {
	byName := map[string]sli.SLI{}
	for _, s := range slis {
		byName[s.Name] = s
	}
	shown := showSLIs(slices.Collect(maps.Values(byName)), now)
	slices.SortFunc(shown, func(a, b sliBody) int {
		return cmp.Or(cmp.Compare(a.order(), b.order()), cmp.Compare(a.Name, b.Name))
	})
	return shown[:min(len(shown), maxSLIs)]
}

// order orders SLIs by alert, and stale ones of an alert before the others.
func (b sliBody) order() int {
	if b.Stale {
		return 2 * alertOrder[b.Alert]
	}
	return 2*alertOrder[b.Alert] + 1
}
