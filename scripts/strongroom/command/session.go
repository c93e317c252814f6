package command

import (
	"context"
	"errors"
	"io/fs"
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
	"github.com/strongroom-dev/strongroom/shared/grant"
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
	leftOut  *leftOutSummary // of the reports; nil: the platform recorded everything
	reported []reportedRun   // the run, and further runs if there are more findings than one report can have

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
	print := func(error) {}
	if !a.settings.quiet {
		print = s.notify()
	}
	policy.Notify = func(err error) { failed(); print(err) }
	s.policy = policy
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	j := spooled.Journal()
	s.uploader = upload.Start(s.ctx, upload.Config{
		Client: client, Run: j.Run, Parallel: t.parallel, Retry: policy,
		Start: j.Start, Correct: s.correctStart,
		Stored: func(p spool.Part) error { stored(); return spooled.Stored(p) }, Moved: s.meter.Moved,
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

// Transient failures are printed only after a while, and then rarely.
const (
	firstNotice    = 5 * time.Second
	noticeInterval = 30 * time.Second
)

func (s *session) notify() func(error) {
	var mu sync.Mutex
	next := time.Now().Add(firstNotice)
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Now().Before(next) {
			return
		}
		next = time.Now().Add(noticeInterval)
		s.meter.Printf("strongroom: %v; retrying", err)
	}
}

// add queues a part for upload.
func (s *session) add(p spool.Part) {
	s.meter.Expect(p.Size)
	s.uploader.Add(p)
}

// addPending queues the parts that an earlier process did not upload.
func (s *session) addPending() error {
	for _, o := range s.run.Journal().Outputs {
		if o.Parts == 0 {
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
		if o.Parts > 0 {
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
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, spool.ErrNotRegular)
}

// listFiles adds the files that the task wrote to the journal, once.
func (s *session) listFiles() error {
	j := s.run.Journal()
	if j.PendingDir == "" {
		return nil
	}
	var set files.Set
	for _, o := range j.Outputs {
		set.Reserve(o.Name)
	}
	if err := set.AddDir(j.PendingDir); err != nil {
		return err
	}
	printFilesLeftOut(s.meter.Printf, set.Rejected)
	return s.run.Update(func(j *spool.Journal) {
		j.PendingDir = ""
		j.LeaveOut(set.Rejected...)
		j.Outputs = append(j.Outputs, outputsOf(set.Files)...)
	})
}

// printFilesLeftOut prints files that cannot be outputs.
func printFilesLeftOut(printf func(format string, args ...any), rejected []files.Rejected) {
	for _, r := range rejected[:min(len(rejected), maxShownRejected)] {
		printf("strongroom: not uploaded: %v", r)
	}
	if more := len(rejected) - maxShownRejected; more > 0 {
		printf("strongroom: not uploaded: %d more files", more)
	}
}

func outputsOf(all []files.File) []spool.Output {
	var outputs []spool.Output
	for _, f := range all {
		outputs = append(outputs, spool.Output{Name: f.Name, ContentType: f.ContentType, Source: f.Path})
	}
	return outputs
}

// abandonOutput removes an output whose file is gone. The outcome becomes
// "error", because the run is not complete.
func (s *session) abandonOutput(name string, why error) error {
	s.meter.Printf("strongroom: not uploaded: %s: %v", name, why)
	return s.run.Update(func(j *spool.Journal) {
		j.Outcome = run.Error
		j.LeaveOut(files.Rejected{File: name, Reason: why.Error()})
		j.Outputs = slices.DeleteFunc(j.Outputs, func(o spool.Output) bool { return o.Name == name })
	})
}
