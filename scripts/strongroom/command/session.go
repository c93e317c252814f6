package command

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/progress"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/upload"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// session uploads and reports one spooled run.
type session struct {
	run      *spool.Run
	client   *api.Client
	meter    *progress.Meter
	uploader *upload.Uploader
	policy   retry.Policy
	partSize int64
	issues   int // in the report
	samples  int // in the report
	rejected []rejectedLines
	ctx      context.Context // ends the uploader
	cancel   context.CancelCauseFunc
}

// startSession starts the upload of parts that will be added.
func (a *app) startSession(ctx context.Context, spooled *spool.Run, client *api.Client, t transfer, policy retry.Policy) *session {
	s := &session{run: spooled, client: client, partSize: t.partSize, meter: progress.New(a.stderr, a.settings.quiet)}
	if !a.settings.quiet {
		policy.Notify = s.notify()
	}
	s.policy = policy
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	j := spooled.Journal()
	s.uploader = upload.Start(s.ctx, upload.Config{
		Client: client, Run: j.Run, Parallel: t.parallel, Retry: policy,
		Start:  j.Start,
		Stored: spooled.Stored, Moved: s.meter.Moved,
	})
	return s
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
// from the spool.
func (s *session) complete() error {
	s.meter.Show()
	defer s.meter.End()
	if err := s.addFiles(); err != nil {
		s.cancel(err)
		_ = s.uploader.Wait() // it was canceled because of err
		return err
	}
	if err := s.uploader.Wait(); err != nil {
		return err
	}
	report, err := s.report()
	if err != nil {
		return err
	}
	id := s.run.Journal().Run
	if err := s.policy.Do(s.ctx, func(ctx context.Context) error { return s.client.Report(ctx, id, report) }); err != nil {
		return err
	}
	kept, err := s.run.Remove()
	if kept != "" {
		s.meter.Printf("strongroom: files that could not be uploaded are kept in %s", kept)
	}
	return err
}

// report builds the report from the spool only, so that a retry by another
// process sends the same report.
func (s *session) report() (api.Report, error) {
	j := s.run.Journal()
	r := api.Report{End: j.End, Outcome: j.Outcome, ExitCode: j.ExitCode, Outputs: []api.Claim{}}
	for _, o := range j.Outputs {
		r.Outputs = append(r.Outputs, api.Claim{Name: o.Name, Parts: o.Parts})
	}
	if !j.Findings {
		return r, nil
	}
	data, err := s.run.Findings()
	if err != nil {
		return r, err
	}
	found, err := ingest.Decode(data)
	r.Issues, r.Samples = found.Issues, found.Samples
	return r, err
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
		err := s.run.Copy(o.Name, s.partSize)
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
	for _, rejected := range set.Rejected {
		s.meter.Printf("strongroom: not uploaded: %v", rejected)
	}
	return s.run.Update(func(j *spool.Journal) {
		j.PendingDir = ""
		j.Outputs = append(j.Outputs, outputsOf(set.Files)...)
	})
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
		j.Outputs = slices.DeleteFunc(j.Outputs, func(o spool.Output) bool { return o.Name == name })
	})
}
