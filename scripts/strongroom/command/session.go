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
	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/upload"
)

// session brings one spooled run to the platform.
type session struct {
	run      *spool.Run
	client   *api.Client
	meter    *progress.Meter
	uploader *upload.Uploader
	policy   retry.Policy
	partSize int64
	issues   int             // in the report
	samples  int             // in the report
	rejected   []rejectedLines   // what the report does not carry
	ctx      context.Context // ends the uploader
	cancel   context.CancelCauseFunc
}

// begin starts to upload what will be added.
func (a *app) begin(ctx context.Context, run *spool.Run, client *api.Client, t transfer, policy retry.Policy) *session {
	s := &session{run: run, client: client, partSize: t.partSize, meter: progress.New(a.stderr, a.settings.quiet)}
	if !a.settings.quiet {
		policy.Notify = s.notify()
	}
	s.policy = policy
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	j := run.Journal()
	s.uploader = upload.Start(s.ctx, upload.Config{
		Client: client, Run: j.Run, Parallel: t.parallel, Retry: policy,
		Start:  api.Start{Task: j.Task, SLX: j.SLX, Resource: j.Resource, Start: j.Start},
		Stored: run.Stored, Moved: s.meter.Moved,
	})
	return s
}

// Notices of failures that may pass: none in the first seconds, then few.
const (
	noticeAfter = 5 * time.Second
	noticeEvery = 30 * time.Second
)

func (s *session) notify() func(error) {
	var mu sync.Mutex
	next := time.Now().Add(noticeAfter)
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Now().Before(next) {
			return
		}
		next = time.Now().Add(noticeEvery)
		s.meter.Printf("strongroom: %v; trying again", err)
	}
}

// add hands a part to the uploader.
func (s *session) add(p spool.Part) {
	s.meter.Expect(p.Size)
	s.uploader.Add(p)
}

// addPending hands over what an earlier process left.
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

// complete uploads all that is left of a run that has ended, reports it, and
// takes it out of the spool.
func (s *session) complete() error {
	s.meter.Show()
	defer s.meter.End()
	if err := s.addFiles(); err != nil {
		s.cancel(err)
		return errors.Join(err, s.discardWait())
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
		s.meter.Printf("strongroom: files that could not be uploaded were kept in %s", kept)
	}
	return err
}

// discardWait waits for an uploader that was stopped; why is known.
func (s *session) discardWait() error {
	_ = s.uploader.Wait()
	return nil
}

// report is made of what the spool holds, and of nothing else: so it is the
// same whenever it is made.
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

// addFiles makes outputs of the files that the task left, and uploads them.
func (s *session) addFiles() error {
	if err := s.collect(); err != nil {
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
		} else if unreadable(err) {
			err = s.drop(o.Name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unreadable reports whether a file is not there to be read any more.
func unreadable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, spool.ErrNotRegular)
}

// collect lists, once, the files that the task left.
func (s *session) collect() error {
	j := s.run.Journal()
	if j.Collect == "" {
		return nil
	}
	var files files.Set
	for _, o := range j.Outputs {
		files.Reserve(o.Name)
	}
	if err := files.AddDir(j.Collect); err != nil {
		return err
	}
	for _, refused := range files.Refused {
		s.meter.Printf("strongroom: not uploaded: %v", refused)
	}
	return s.run.Update(func(j *spool.Journal) {
		j.Collect = ""
		j.Outputs = append(j.Outputs, sources(files.Files)...)
	})
}

func sources(files []files.File) []spool.Output {
	var outputs []spool.Output
	for _, f := range files {
		outputs = append(outputs, spool.Output{Name: f.Name, ContentType: f.ContentType, Source: f.Path})
	}
	return outputs
}

// drop gives up an output whose file is gone; the run did not go as it should.
func (s *session) drop(name string, why error) error {
	s.meter.Printf("strongroom: not uploaded: %s: %v", name, why)
	return s.run.Update(func(j *spool.Journal) {
		j.Outcome = task.Error
		j.Outputs = slices.DeleteFunc(j.Outputs, func(o spool.Output) bool { return o.Name == name })
	})
}
