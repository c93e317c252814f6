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

// maxHealth bounds the SLIs that an assistant tells of.
const maxHealth = 100

type healthBody struct {
	SLIs   []sliBody `json:"slis" doc:"The most urgent first, then those that are stale, then by name"`
	Capped bool      `json:"capped" class:"operational" doc:"There may be more, none of them more urgent; list them"`
}

// urgency orders alerts.
var urgency = map[string]int{string(sli.Page): 0, string(sli.Ticket): 1, string(sli.Warning): 2, string(sli.None): 3}

// tellingSLIs gives SLIs of a workspace: all, or of many, when more is true, as
// many of each alert as are told of at most, and the first by name.
func tellingSLIs(ctx context.Context, s access.Session, now time.Time) (found []sli.SLI, more bool, err error) {
	found, err = readSLIs(ctx, slisOf(s).OrderBy("name", firestore.Asc).Limit(maxHealth))
	if err != nil || len(found) < maxHealth {
		return found, false, err
	}
	alerts := []sli.Alert{sli.Page, sli.Ticket, sli.Warning}
	urgent := make([][]sli.SLI, len(alerts))
	group, ctx := errgroup.WithContext(ctx)
	for n, alert := range alerts {
		until := "until." + string(alert)
		group.Go(func() (err error) {
			urgent[n], err = readSLIs(ctx, slisOf(s).Where(until, ">", now).OrderBy(until, firestore.Desc).Limit(maxHealth))
			return err
		})
	}
	err = group.Wait()
	return slices.Concat(append(urgent, found)...), true, err
}

// healthOf shows the most urgent SLIs of those given, each once.
func healthOf(slis []sli.SLI, now time.Time) []sliBody {
	byName := map[string]sli.SLI{}
	for _, s := range slis {
		byName[s.Name] = s
	}
	shown := showSLIs(slices.Collect(maps.Values(byName)), now)
	slices.SortFunc(shown, func(a, b sliBody) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Name, b.Name))
	})
	return shown[:min(len(shown), maxHealth)]
}

// rank orders SLIs by alert; of one alert, those that are stale come first.
func (b sliBody) rank() int {
	if b.Stale {
		return 2 * urgency[b.Alert]
	}
	return 2*urgency[b.Alert] + 1
}
