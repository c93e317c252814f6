package scheduler_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/scheduler"
)

// inProcess serves requests without a network, because synctest cannot wait for one.
type inProcess http.HandlerFunc

func (f inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	f(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func client(f http.HandlerFunc) *http.Client { return &http.Client{Transport: inProcess(f)} }

func sweep() scheduler.Job {
	return scheduler.Job{Name: "sweep", Schedule: "* * * * *", URL: "http://target.test/sweep"}
}

func add(t *testing.T, s *scheduler.Scheduler, job scheduler.Job) {
	t.Helper()
	if err := s.Add(job); err != nil {
		t.Fatal(err)
	}
}

func TestJobRunsWhenItIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		calls := map[string]int{}
		s := scheduler.New(scheduler.Config{HTTPClient: client(func(_ http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			calls[r.URL.Path]++
		})})
		add(t, s, sweep())
		add(t, s, scheduler.Job{Name: "hourly", Schedule: "23 * * * *", URL: "http://target.test/hourly"})
		runFor(s, 2*time.Hour+time.Second)
		if diff := cmp.Diff(map[string]int{"/sweep": 120, "/hourly": 2}, calls); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDueTimes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		cron         string
		ahead, until time.Duration
		want         []string
	}{
		"each minute": {cron: "* * * * *", ahead: 0, until: 150 * time.Second, want: []string{"00:01:00", "00:02:00"}},
		"each minute, starting in the middle of one": {cron: "* * * * *", ahead: 30 * time.Second, until: 100 * time.Second, want: []string{"00:01:00", "00:02:00"}},
		"a minute of each hour":                      {cron: "23 * * * *", ahead: 0, until: 3 * time.Hour, want: []string{"00:23:00", "01:23:00", "02:23:00"}},
		"the minute itself has passed":               {cron: "23 * * * *", ahead: 23 * time.Minute, until: 2 * time.Hour, want: []string{"01:23:00", "02:23:00"}},
		"each quarter of an hour":                    {cron: "*/15 * * * *", ahead: 44 * time.Minute, until: time.Hour, want: []string{"00:45:00", "01:00:00", "01:15:00", "01:30:00"}},
		"the full hour":                              {cron: "0 * * * *", ahead: 59 * time.Minute, until: time.Hour, want: []string{"01:00:00"}},
		"the clock is ahead of the machine's":        {cron: "5 * * * *", ahead: 1000*time.Hour + time.Minute, until: time.Hour, want: []string{"16:05:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ahead := &clock.Clock{} // the machine's time is midnight UTC
				ahead.Advance(row.ahead)
				var got []string
				s := scheduler.New(scheduler.Config{Clock: ahead, HTTPClient: client(func(http.ResponseWriter, *http.Request) {
					got = append(got, ahead.Now().UTC().Format(time.TimeOnly))
				})})
				add(t, s, scheduler.Job{Name: "j", Schedule: row.cron, URL: "http://target.test/"})
				runFor(s, row.until)
				if diff := cmp.Diff(row.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func runFor(s *scheduler.Scheduler, d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	s.Run(ctx)
}

func TestJobNeverOverlapsItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inside, calls atomic.Int32
		s := scheduler.New(scheduler.Config{HTTPClient: client(func(http.ResponseWriter, *http.Request) {
			if inside.Add(1) > 1 {
				t.Error("the job overlaps itself")
			}
			time.Sleep(145 * time.Second) // longer than two intervals, in synctest's time
			inside.Add(-1)
			calls.Add(1)
		})})
		add(t, s, sweep())
		var all sync.WaitGroup
		all.Go(func() { runFor(s, 590*time.Second) })
		all.Go(func() {
			time.Sleep(90 * time.Second) // a run is in progress
			if err := s.RunNow(t.Context(), "sweep"); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		// Due at 60 s, requested at 205 s, due at 360 s and 540 s.
		if n := calls.Load(); n != 4 {
			t.Errorf("%d runs", n)
		}
	})
}

func TestFailedJobIsLoggedAndRunsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		calls := 0
		s := scheduler.New(scheduler.Config{
			Log: slog.New(slog.NewTextHandler(&log, nil)),
			HTTPClient: client(func(w http.ResponseWriter, _ *http.Request) {
				if calls++; calls == 1 {
					w.WriteHeader(http.StatusInternalServerError)
					_, _ = w.Write([]byte("canary"))
				}
			}),
		})
		add(t, s, sweep())
		runFor(s, 3*time.Minute+time.Second)
		if calls != 3 {
			t.Errorf("%d runs", calls)
		}
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "500") || strings.Contains(text, "canary") {
			t.Errorf("log: %s", text)
		}
	})
}

func TestJobEndsAtItsLimitAndWithRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := scheduler.New(scheduler.Config{HTTPClient: client(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		})})
		add(t, s, sweep())
		began := time.Now()
		if err := s.RunNow(t.Context(), "sweep"); err == nil || time.Since(began) != 5*time.Minute {
			t.Errorf("ended after %v: %v", time.Since(began), err)
		}
		began = time.Now()
		if runFor(s, 90*time.Second); time.Since(began) != 90*time.Second {
			t.Errorf("Run returned after %v", time.Since(began))
		}
	})
}

func TestRunNowSendsWhatCloudSchedulerSends(t *testing.T) {
	t.Parallel()
	var got *http.Request
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	t.Cleanup(receiver.Close)
	ahead := &clock.Clock{}
	ahead.Advance(1000 * time.Hour)
	s := scheduler.New(scheduler.Config{
		Clock:   ahead,
		IDToken: func(email, audience string) (string, error) { return email + " for " + audience, nil },
	})
	job := sweep()
	job.URL, job.ServiceAccount = receiver.URL+"/sweep", "scheduler@p.iam.gserviceaccount.com"
	add(t, s, job)
	if err := s.RunNow(t.Context(), "sweep"); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Authorization":            "Bearer scheduler@p.iam.gserviceaccount.com for " + job.URL,
		"User-Agent":               "Google-Cloud-Scheduler",
		"X-Cloudscheduler":         "true",
		"X-Cloudscheduler-Jobname": "sweep",
	}
	for name, value := range want {
		if got.Header.Get(name) != value {
			t.Errorf("%s is %q, not %q", name, got.Header.Get(name), value)
		}
	}
	at, err := time.Parse(time.RFC3339, got.Header.Get("X-CloudScheduler-ScheduleTime"))
	if off := ahead.Now().Sub(at); err != nil || off < 0 || off > time.Minute {
		t.Errorf("scheduled %v ago: %v", off, err)
	}
	if got.Method != http.MethodPost || got.URL.Path != "/sweep" {
		t.Errorf("%s %s", got.Method, got.URL.Path)
	}
}

func TestRunNowReturnsTheError(t *testing.T) {
	t.Parallel()
	s := scheduler.New(scheduler.Config{HTTPClient: client(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://elsewhere.test/")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})})
	add(t, s, sweep())
	if err := s.RunNow(t.Context(), "sweep"); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("a redirect: %v", err)
	}
	if err := s.RunNow(t.Context(), "absent"); err == nil {
		t.Error("an absent job runs")
	}
}

func TestAddRejects(t *testing.T) {
	t.Parallel()
	s := scheduler.New(scheduler.Config{})
	add(t, s, scheduler.Job{Name: "taken", Schedule: "* * * * *", URL: "http://target.test/"})
	for name, change := range map[string]func(*scheduler.Job){
		"no name":                               func(j *scheduler.Job) { j.Name = "" },
		"a name with a slash":                   func(j *scheduler.Job) { j.Name = "a/b" },
		"a name that exists":                    func(j *scheduler.Job) { j.Name = "taken" },
		"no schedule":                           func(j *scheduler.Job) { j.Schedule = "" },
		"a schedule of four fields":             func(j *scheduler.Job) { j.Schedule = "* * * *" },
		"a schedule of six fields":              func(j *scheduler.Job) { j.Schedule = "* * * * * *" },
		"a minute above 59":                     func(j *scheduler.Job) { j.Schedule = "60 * * * *" },
		"a minute below 0":                      func(j *scheduler.Job) { j.Schedule = "-1 * * * *" },
		"a step that does not divide an hour":   func(j *scheduler.Job) { j.Schedule = "*/7 * * * *" },
		"a step of no minutes":                  func(j *scheduler.Job) { j.Schedule = "*/0 * * * *" },
		"a step without a number":               func(j *scheduler.Job) { j.Schedule = "*/ * * * *" },
		"a time of day, which is not supported": func(j *scheduler.Job) { j.Schedule = "0 4 * * *" },
		"no URL":                                func(j *scheduler.Job) { j.URL = "" },
		"a URL that is a file":                  func(j *scheduler.Job) { j.URL = "file:///sweep" },
		"an identity without a signer":          func(j *scheduler.Job) { j.ServiceAccount = "a@b" },
	} {
		job := sweep()
		if change(&job); s.Add(job) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
