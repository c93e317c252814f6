package assistants

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/sli"
)

// sliBody is an SLI and its health in the API.
type sliBody struct {
	Name       string         `json:"name" class:"metadata"`
	SLX        string         `json:"slx,omitempty" class:"metadata"`
	Alert      string         `json:"alert" class:"metadata" enum:"none,warning,ticket,page"`
	Stale      bool           `json:"stale,omitempty" class:"metadata" doc:"There are no recent samples, so the other values are out of date"`
	Last       *sampleBody    `json:"last,omitempty"`
	Objective  objectiveBody  `json:"objective"`
	Thresholds thresholdsBody `json:"thresholds"`
	Windows    windowsBody    `json:"windows"`
}

type sampleBody struct {
	Time  time.Time `json:"time" class:"metadata"`
	Value float64   `json:"value" class:"metadata"`
}

type windowsBody struct {
	FiveMinutes windowBody `json:"5m"`
	HalfHour    windowBody `json:"30m"`
	Hour        windowBody `json:"1h"`
	SixHours    windowBody `json:"6h"`
	ThreeDays   windowBody `json:"3d"`
}

type windowBody struct {
	Samples   int     `json:"samples" class:"metadata"`
	Mean      float64 `json:"mean" class:"metadata"`
	Deviation float64 `json:"deviation" class:"metadata"`
	Share     float64 `json:"share" class:"metadata" doc:"Share of samples within the objective. 1 without samples"`
	Burn      float64 `json:"burn" class:"metadata" doc:"(1-share)/(1-target); 0 without an objective"`
}

func showSLIs(all []sli.SLI, now time.Time) []sliBody {
	shown := make([]sliBody, 0, len(all))
	for _, s := range all {
		shown = append(shown, showSLI(s, now))
	}
	return shown
}

func showSLI(s sli.SLI, now time.Time) sliBody {
	h := s.Health(now)
	b := sliBody{
		Name: s.Name, SLX: s.SLX, Alert: string(h.Alert), Stale: h.Stale,
		Objective: objectiveBody(s.Objective), Thresholds: thresholdsBody(s.Thresholds),
		Windows: windowsBody{
			FiveMinutes: windowBody(h.FiveMins), HalfHour: windowBody(h.HalfHour), Hour: windowBody(h.Hour),
			SixHours: windowBody(h.SixHours), ThreeDays: windowBody(h.ThreeDays),
		},
	}
	if !h.Last.Time.IsZero() {
		b.Last = &sampleBody{h.Last.Time, h.Last.Value}
	}
	return b
}
