package scheduler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// callLimit is the longest time that a call may take: the attempt_deadline of the
// suite's jobs.
const callLimit = 5 * time.Minute

// Job is an HTTP target that is called on a schedule. Name, Schedule and URL are
// required.
type Job struct {
	Name           string // 1 to 500 letters, digits, hyphens and underscores
	Schedule       string // cron expression in UTC: "* * * * *", or a minute of each hour such as "23 * * * *"
	URL            string // http or https; receives a POST without a body
	ServiceAccount string // email in the OIDC token; empty: no token is sent
	Audience       string // aud of the OIDC token; empty: URL
}

var nameRule = regexp.MustCompile(`^[A-Za-z0-9_-]{1,500}$`)

// validate parses the job's schedule. Its error joins everything wrong with the job.
func (j Job) validate(canSign bool) (schedule, error) {
	due, err := parseSchedule(j.Schedule)
	errs := []error{err}
	if !nameRule.MatchString(j.Name) {
		errs = append(errs, errors.New("the name must have 1 to 500 letters, digits, hyphens and underscores"))
	}
	if u, err := url.Parse(j.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		errs = append(errs, errors.New("the URL must be an http or https URL"))
	}
	if j.ServiceAccount != "" && !canSign {
		errs = append(errs, errors.New("a ServiceAccount requires Config.IDToken"))
	}
	return due, errors.Join(errs...)
}

// call sends one POST with the headers of
// cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#HttpTarget.
// Any 2xx status is a success.
func (s *Scheduler) call(ctx context.Context, job Job) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, job.URL, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "Google-Cloud-Scheduler")
	req.Header.Set("X-CloudScheduler", "true")
	req.Header.Set("X-CloudScheduler-JobName", job.Name)
	req.Header.Set("X-CloudScheduler-ScheduleTime", s.config.Clock.Now().UTC().Format(time.RFC3339))
	if job.ServiceAccount != "" {
		token, err := s.config.IDToken(job.ServiceAccount, job.Audience)
		if err != nil {
			return fmt.Errorf("sign the token for %s: %w", job.ServiceAccount, err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.config.HTTPClient.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the target returned status %d", resp.StatusCode)
	}
	return nil
}
