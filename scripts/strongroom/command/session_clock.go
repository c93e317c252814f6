package command

import (
	"context"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

// correctStart returns a start by the platform's clock. The offset is measured once
// for each run and is in the journal before the first request that depends on it, so
// that another process sends the same times.
func (s *session) correctStart(ctx context.Context, start api.Start) (api.Start, error) {
	if !s.run.Journal().ClockMeasured {
		if err := s.client.MeasureClock(ctx); err != nil {
			return start, err
		}
		offset := clockOffset(s.clock, s.run.Journal())
		if offset != 0 {
			s.meter.Printf("strongroom: %s: the times of the run are corrected", clock.Describe(offset))
		}
		err := s.run.Update(func(j *spool.Journal) { j.ClockOffset, j.ClockMeasured = offset, true })
		if err != nil {
			return start, err
		}
	}
	start.Start = start.Start.Add(s.run.Journal().ClockOffset)
	return start, nil
}

// clockOffset returns what to add to the times of a journal. Its clock may have been
// set since:
//   - If the machine has not started again, the uptime shows when the run started.
//   - Otherwise, the clock counts as off by as much as it is off at this time. A run
//     is never in the future.
func clockOffset(c *clock.Clock, j spool.Journal) time.Duration {
	offset := c.Offset()
	if elapsed, ok := j.Started.To(clock.ReadUptime()); ok {
		offset = c.OffsetOf(j.Start.Start, elapsed)
	}
	last := j.Start.Start
	if j.End.After(last) {
		last = j.End
	}
	if now := c.PlatformNow(); last.Add(offset).After(now.Add(clock.MinOffset)) {
		return now.Sub(last).Round(time.Millisecond)
	}
	return offset
}

// sampleMargin is how long before its run a sample may be measured.
const sampleMargin = time.Minute

// correctSamples returns samples by the platform's clock. The task reads the time
// from the same clock as its runner. So a time from shortly before the start until
// shortly after the end was read from that clock. Any other time comes from somewhere
// else, such as another machine, and stays.
func correctSamples(samples []api.Sample, j spool.Journal) []api.Sample {
	first, last := j.Start.Start.Add(-sampleMargin), j.End.Add(sampleMargin)
	for i, s := range samples {
		if !s.Time.Before(first) && !s.Time.After(last) {
			samples[i].Time = s.Time.Add(j.ClockOffset)
		}
	}
	return samples
}
