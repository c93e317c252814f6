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

// callLimit is how long a job may take: the attempt_deadline that the suite's
// jobs have.
const callLimit = 5 * time.Minute

// Job is an HTTP target that is called on a schedule. Name, Schedule and URL are
// required.
type Job struct {
	Name           string // 1 to 500 of letters, digits, hyphen and underscore
	Schedule       string // cron, in UTC: "* * * * *", or a minute of each hour, as "23 * * * *"
	URL            string // http or https; gets a POST without a body
	ServiceAccount string // email in the OIDC token; empty sends no token
	Audience       string // aud of the OIDC token; empty is URL
}

var nameRule = regexp.MustCompile(`^[A-Za-z0-9_-]{1,500}$`)

// validate reads the job's schedule, and joins all that is wrong with the job.
func (j Job) validate(canSign bool) (schedule, error) {
	due, err := parseSchedule(j.Schedule)
	errs := []error{err}
	if !nameRule.MatchString(j.Name) {
		errs = append(errs, errors.New("a name is 1 to 500 letters, digits, hyphens and underscores"))
	}
	if u, err := url.Parse(j.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		errs = append(errs, errors.New("the URL is not an http or https one"))
	}
	if j.ServiceAccount != "" && !canSign {
		errs = append(errs, errors.New("a ServiceAccount needs Config.IDToken to sign for it"))
	}
	return due, errors.Join(errs...)
}

// call POSTs once, with the headers of
// cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#HttpTarget.
// Any 2xx is success.
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
			return fmt.Errorf("sign the token of %s: %w", job.ServiceAccount, err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.config.HTTPClient.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("it answered %d", resp.StatusCode)
	}
	return nil
}
