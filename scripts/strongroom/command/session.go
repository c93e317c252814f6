package command

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/progress"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/upload"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// session uploads and reports one spooled run.
type session struct {
	run      *spool.Run
	client   *api.Client
	clock    *clock.Clock
	meter    *progress.Meter
	uploader *upload.Uploader
	policy   retry.Policy
	partSize int64

	spaceWait time.Duration // for space on a full disk

	failures chan struct{} // closed when transient failures last: see countFailures
	issues   int           // in the report
	samples  int           // in the report
	rejected []rejectedLines

	unreadable bool            // a file could not be read
	leftOut    *leftOutSummary // of the reports; nil: the platform recorded everything
	reported   []reportedRun   // the run, and further runs if there are more findings than one report can have

	unsavedFindings []byte // in the report; nil: they are in the spool

	ctx    context.Context // ends the uploader
	cancel context.CancelCauseFunc
}

// defaultSpaceWait is how long commands without --patience wait for space.
const defaultSpaceWait = 10 * time.Second

// startSession starts the upload of parts that will be added.
func (a *app) startSession(ctx context.Context, spooled *spool.Run, client *api.Client, t transfer, policy retry.Policy) *session {
	s := &session{
		run: spooled, client: client, clock: a.settings.clock, partSize: t.partSize, spaceWait: defaultSpaceWait,
		meter: progress.New(progress.Upload, a.stderr, a.settings.quiet),
	}
	s.failures = make(chan struct{})
	failed, stored := s.countFailures()
	policy.Notify = func(error) { failed() }
	s.policy = policy
	s.ctx, s.cancel = context.WithCancelCause(retry.WithReporter(ctx, a.reporter(s.meter.Printf)))
	j := spooled.Journal()
	s.uploader = upload.Start(s.ctx, upload.Config{
		Client: client, Run: j.Run, Parallel: t.parallel, Retry: policy,
		Start: j.Start, Correct: s.correctStart,
		Stored: func(p spool.Part) error { stored(); return spooled.Stored(p) }, Moved: s.meter.Moved,
		Followed: spooled.Follow,
	})
	return s
}

// maxFailures is how many requests in turn may fail before the report is sent
// without waiting for the outputs.
const maxFailures = 3

// countFailures returns functions that count transient failures since the last
// part that was stored, and close s.failures when there are maxFailures.
func (s *session) countFailures() (failed, stored func()) {
	var count atomic.Int64
	var once sync.Once
	failed = func() {
		if count.Add(1) >= maxFailures {
			once.Do(func() { close(s.failures) })
		}
	}
	return failed, func() { count.Store(0) }
}

// add queues a part for upload.
func (s *session) add(p spool.Part) {
	s.meter.Expect(p.Size)
	s.uploader.Add(p)
}

// addPending queues the parts that an earlier process did not upload.
func (s *session) addPending() error {
	for _, o := range s.run.Journal().Outputs {
		if !o.Closed() {
			continue
		}
		if err := s.run.EachPending(o.Name, s.add); err != nil {
			return err
		}
	}
	return nil
}

// complete uploads the rest of a run that has ended, reports it, and removes it
// from the spool. If that fails, the journal records why.
func (s *session) complete() error {
	s.meter.Show()
	defer s.meter.End()
	err := s.deliver()
	if err != nil {
		return errors.Join(err, s.run.Update(func(j *spool.Journal) {
			j.Problem, j.Refused = err.Error(), isRefused(err)
		}))
	}
	kept, err := s.run.Remove()
	if kept != "" {
		s.meter.Printf("strongroom: files that could not be uploaded are kept in %s", kept)
	}
	return err
}

// deliver uploads the outputs and sends the report. The report does not wait for
// outputs that are refused, or whose upload fails again and again: the platform
// shows them as missing or open until they are stored.
func (s *session) deliver() error {
	if err := s.addFiles(); err != nil {
		s.cancel(err)
		_ = s.uploader.Wait() // it was canceled because of err
		return err
	}
	uploaded := make(chan error, 1)
	go func() { uploaded <- s.uploader.Wait() }()
	select {
	case err := <-uploaded:
		return s.reportAfter(err)
	case <-s.failures:
	}
	select {
	case err := <-uploaded:
		return s.reportAfter(err)
	case <-s.uploader.Started():
	}
	reportErr := s.sendReports(s.policy)
	return errors.Join(<-uploaded, reportErr)
}

// reportAfter sends the report after the upload has ended, once if the upload has
// failed. A run whose start is not recorded may be another one with the same ID.
func (s *session) reportAfter(uploadErr error) error {
	select {
	case <-s.uploader.Started():
	default:
		return uploadErr
	}
	policy := s.policy
	if uploadErr != nil {
		policy = retry.Policy{}
	}
	return errors.Join(uploadErr, s.sendReports(policy))
}

// report builds the report, with all findings, from the spool only, so that a
// retry by another process sends the same report.
func (s *session) report() (api.Report, error) {
	j := s.run.Journal()
	r := api.Report{End: j.End.Add(j.ClockOffset), Outcome: j.Outcome, ExitCode: j.ExitCode, FilesLeftOut: j.FilesLeftOut, Outputs: []api.Claim{}}
	for _, o := range j.Outputs {
		r.Outputs = append(r.Outputs, api.Claim{Name: o.Name, Parts: claimedParts(o)})
	}
	if !j.Findings && s.unsavedFindings == nil {
		return r, nil
	}
	data := s.unsavedFindings
	if data == nil {
		var err error
		if data, err = s.run.Findings(); err != nil {
			return r, err
		}
	}
	found, err := ingest.Decode(data)
	r.Issues, r.Samples = found.Issues, correctSamples(found.Samples, j)
	return r, err
}

// claimedParts returns the number of parts of an output. An output that was cut
// claims one that does not exist, so that the platform never shows it as complete.
func claimedParts(o spool.Output) int {
	if o.Cut {
		return min(o.Parts+1, grant.MaxPart)
	}
	return o.Parts
}

// addFiles turns the files that the task wrote into outputs, and queues their
// parts.
func (s *session) addFiles() error {
	if err := s.listFiles(); err != nil {
		return err
	}
	if err := s.readFindings(); err != nil {
		return err
	}
	for _, o := range s.run.Journal().Outputs {
		if o.Closed() {
			continue
		}
		err := s.copyFile(o.Name)
		if err == nil {
			err = s.run.EachPending(o.Name, s.add)
		} else if isUnreadable(err) {
			err = s.abandonOutput(o.Name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyFile spools an output's file. On a full disk, it waits for uploads to free
// space, and then moves the file instead of copying it.
func (s *session) copyFile(name string) error {
	err := s.run.Copy(name, s.partSize)
	for spool.IsFull(err) && s.run.AwaitSpace(s.spaceWait) {
		err = s.run.Copy(name, s.partSize)
	}
	if !spool.IsFull(err) {
		return err
	}
	if moved, moveErr := s.run.Move(name, s.partSize); moved || moveErr != nil {
		return moveErr
	}
	return err
}

// isUnreadable reports whether a file cannot be read, for example because it was
// removed.
func isUnreadable(err error) bool {
	return errors.Is(err, spool.ErrUnreadable)
}

// listFiles adds the files that the task wrote to the journal, once.
func (s *session) listFiles() error {
	j := s.run.Journal()
	if j.PendingDir == "" {
		return nil
	}
	rules, err := files.ParseRules(j.Include, j.Exclude)
	if err != nil {
		return err
	}
	set := newFileSet(rules)
	for _, o := range j.Outputs {
		set.Reserve(o.Name)
	}
	if err := set.AddDir(j.PendingDir); err != nil {
		return err
	}
	printFilesLeftOut(s.meter.Printf, set.Rejected)
	return s.run.Update(func(j *spool.Journal) {
		j.PendingDir = ""
		addFiles(j, set)
	})
}

// newFileSet returns an empty set for files that rules select. The files of findings
// are always selected: without them, the run would resolve the issues that they have.
func newFileSet(rules files.Rules) files.Set {
	return files.Set{Rules: rules, Keep: []string{ingest.IssuesFile, ingest.SamplesFile}}
}

// addFiles adds the files of a set to a journal. If content is left out, the run is not
// a success, and must not resolve issues.
func addFiles(j *spool.Journal, set files.Set) {
	j.LeaveOut(set.Rejected...)
	j.FilesExcluded += set.Excluded
	for _, f := range set.Files {
		j.Outputs = append(j.Outputs, spool.Output{Name: f.Name, ContentType: f.ContentType, Source: f.Path})
	}
	if slices.ContainsFunc(set.Rejected, func(r files.Rejected) bool { return r.Lost }) {
		j.Outcome = inconclusive(j.Outcome)
	}
}

// printFilesLeftOut prints files that cannot be outputs.
func printFilesLeftOut(printf func(format string, args ...any), rejected []files.Rejected) {
	for _, r := range rejected[:min(len(rejected), maxShownRejected)] {
		printf("strongroom: not uploaded: %s", view.Name(r.String()))
	}
	if more := len(rejected) - maxShownRejected; more > 0 {
		printf("strongroom: not uploaded: %d more files", more)
	}
}

// abandonOutput removes an output whose file is gone. The outcome becomes
// "error", because the run is not complete.
func (s *session) abandonOutput(name string, why error) error {
	s.unreadable = true
	file := files.Rejected{File: outputname.Text(name), Reason: why.Error(), Lost: true}
	printFilesLeftOut(s.meter.Printf, []files.Rejected{file})
	return s.run.Update(func(j *spool.Journal) {
		j.Outcome = run.Error
		j.LeaveOut(file)
		j.Outputs = slices.DeleteFunc(j.Outputs, func(o spool.Output) bool { return o.Name == name })
	})
}
