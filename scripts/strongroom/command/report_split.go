package command

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

// sendReports reports the run, once. If there are more findings than one report can
// have, further runs with the same start report the rest, so that none of them
// resolves the issues of another. import does the same. All requests are derived from the
// spool, so that a retry by another process sends the same ones.
func (s *session) sendReports(policy retry.Policy) error {
	j := s.run.Journal()
	if j.ReportSent {
		return nil
	}
	report, err := s.report()
	if err != nil {
		return err
	}
	start, err := s.correctStart(s.ctx, j.Start) // recorded before, so it sends nothing
	if err != nil {
		return err
	}
	found := ingest.Findings{Issues: report.Issues, Samples: report.Samples}
	for n, part := range found.Split() {
		id := j.Run
		if n > 0 {
			id, report.Outputs, report.FilesLeftOut = furtherRunID(j.Run, n), []api.Claim{}, 0
			if err := policy.Do(s.ctx, func(ctx context.Context) error { _, err := s.client.Start(ctx, id, start); return err }); err != nil {
				return err
			}
			s.meter.Printf("strongroom: %d issues and %d samples more than a report can have are reported as run %s", len(part.Issues), len(part.Samples), id)
		}
		report.Issues, report.Samples = part.Issues, part.Samples
		var left api.LeftOut
		err := policy.Do(s.ctx, func(ctx context.Context) (err error) {
			left, err = s.client.Report(ctx, id, report)
			return err
		})
		if err != nil {
			return err
		}
		s.leftOut = s.leftOut.add(id, left, report)
		s.reported = append(s.reported, reportedRun{id, len(part.Issues), len(part.Samples)})
	}
	s.leftOut.print(s.meter.Printf)
	return s.run.Update(func(j *spool.Journal) { j.ReportSent = true })
}

// furtherRunID returns the ID of the nth further run of a run: a UUIDv7 (RFC 9562)
// with the run's time, and a hash in the random bits.
func furtherRunID(id string, n int) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("strongroom further run "+id+" "), uint64(n)))
	first, err := uuid.Parse(id)
	if err != nil {
		panic(fmt.Sprintf("the journal's run ID is not valid: %v", err))
	}
	further := uuid.UUID(sum[:16])
	copy(further[:6], first[:6])
	further[6] = further[6]&0x0f | 0x70
	further[8] = further[8]&0x3f | 0x80
	return further.String()
}
