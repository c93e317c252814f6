package command

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
)

// startTimes are the times of the start of a file's runs.
type startTimes struct {
	start  time.Time // that is recorded
	stable time.Time // the part of it that is the same at every import; zero: none exists
}

// startTimes chooses the start of a file's runs:
//
//	condition                       start                  stable
//	--start is set                  --start                --start
//	lines have a time in the past   the newest of them     the same
//	that time is in the future      modification time      the newest of them
//	no line has a time              modification time      none
//
// "Now" is the platform's time. A time in a line, and --start, is never corrected,
// because the lines may come from another machine. A modification time in the future
// counts as now, because a later import must not have an earlier start.
func (o *importOptions) startTimes(observed, modified time.Time, c *clock.Clock) (times startTimes, err error) {
	now := c.PlatformNow()
	modified = correctModified(modified, c)
	switch {
	case o.startTime != "":
		start, _ := time.Parse(time.RFC3339, o.startTime) // check has parsed it before
		times = startTimes{start: start, stable: start}
	case observed.IsZero() || observed.After(now):
		times = startTimes{start: modified, stable: observed}
		if modified.After(now) {
			times.start = now
		}
	default:
		times = startTimes{start: observed, stable: observed}
	}
	if times.start.UTC().Year() < 1970 {
		err = usageError("the start of the run is before 1970: set --start")
	}
	return startTimes{truncateToMillis(times.start), truncateToMillis(times.stable)}, err
}

// recentlyModified is how old a file may be of which the modification time was
// certainly read from this machine's clock, with the offset that it has at this time.
const recentlyModified = time.Hour

// correctModified returns the modification time of a file by the platform's clock.
// That of an older file stays: the clock may have been right when it was written, or
// the file was copied with its time from another machine.
func correctModified(modified time.Time, c *clock.Clock) time.Time {
	if age := c.Now().Sub(modified); 0 <= age && age < recentlyModified {
		return modified.Add(c.Offset())
	}
	return modified
}

func truncateToMillis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// deriveRunID makes the ID of a run from its values: a UUIDv7 (RFC 9562) with the
// time of its start, and a hash in the random bits. Without a stable start, the
// hash replaces the time too, so that the ID does not depend on a clock.
func (i *importer) deriveRunID(r importedRun) (string, error) {
	workspace, err := i.app.settings.workspaceID()
	if err != nil {
		return "", err
	}
	start, stableStart := r.task.start, r.task.stable
	start.Start = stableStart
	values := []any{"strongroom import", i.app.settings.audience(), workspace, start, r.Outcome, r.task.content}
	if r.Parts > 0 {
		values = append(values, r.Part)
	}
	encoded, err := api.Encode(values)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(encoded)
	var id uuid.UUID
	copy(id[:], sum[:])
	if !stableStart.IsZero() {
		millis := binary.BigEndian.AppendUint64(nil, uint64(stableStart.UnixMilli()))
		copy(id[:6], millis[2:])
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String(), nil
}
