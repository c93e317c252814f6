package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/collect"
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
	s.uploader = upload.Begin(s.ctx, upload.Config{
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
		if err := s.run.Pending(o.Name, s.add); err != nil {
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
	j := s.run.Journal()
	err := s.policy.Do(s.ctx, func(ctx context.Context) error { return s.client.Report(ctx, j.Run, report(j)) })
	if err != nil {
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

func report(j spool.Journal) api.Report {
	r := api.Report{End: j.End, Outcome: j.Outcome, ExitCode: j.ExitCode, Outputs: []api.Claim{}}
	for _, o := range j.Outputs {
		r.Outputs = append(r.Outputs, api.Claim{Name: o.Name, Parts: o.Parts})
	}
	return r
}

// addFiles makes outputs of the files that the task left, and uploads them.
func (s *session) addFiles() error {
	if err := s.collect(); err != nil {
		return err
	}
	for _, o := range s.run.Journal().Outputs {
		if o.Parts > 0 {
			continue
		}
		err := s.run.Copy(o.Name, s.partSize)
		if err == nil {
			err = s.run.Pending(o.Name, s.add)
		} else if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, spool.ErrNotRegular) {
			err = s.drop(o.Name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// collect lists, once, the files that the task left.
func (s *session) collect() error {
	j := s.run.Journal()
	if j.Collect == "" {
		return nil
	}
	var files collect.Set
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

func sources(files []collect.File) []spool.Output {
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

// summary is what --json tells of a run.
type summary struct {
	Run      string          `json:"run"`
	Task     string          `json:"task"`
	Outcome  string          `json:"outcome"`
	ExitCode int             `json:"exitCode"`
	Uploaded bool            `json:"uploaded"` // all of it, and reported
	Error    string          `json:"error,omitempty"`
	Outputs  []outputSummary `json:"outputs"`
}

type outputSummary struct {
	Name  string `json:"name"`
	Parts int    `json:"parts"`
	Bytes int64  `json:"bytes"` // stored
}

func summarize(j spool.Journal, err error) summary {
	s := summary{Run: j.Run, Task: j.Task, Outcome: j.Outcome, ExitCode: j.ExitCode, Uploaded: err == nil, Outputs: []outputSummary{}}
	if err != nil {
		s.Error = err.Error()
	}
	for _, o := range j.Outputs {
		s.Outputs = append(s.Outputs, outputSummary{Name: o.Name, Parts: o.Parts, Bytes: o.Bytes})
	}
	return s
}

// resumeHint says how to go on.
func resumeHint(id string, dir spool.Dir) string {
	return fmt.Sprintf("nothing is lost; go on with: strongroom resume --spool %s %s", dir.Path(), id)
}
