package reviewpage_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/configreview"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/reviewpage"
)

// served is a page that is served.
type served struct {
	url      string
	client   *http.Client
	recorded chan configreview.Review
	ended    chan error
}

var testKey = "AKIA" + "ABCDEFGHIJKLMNOP"

// serve serves the review of a file with a secret and an address.
func serve(t *testing.T) *served {
	t.Helper()
	dir := t.TempDir()
	text := "apiVersion: runwhen.com/v1\nkind: ServiceLevelX\nmetadata: {name: a}\nspec:\n  alias: <b>bold</b>\n  note: " + testKey + "\n  owners: [ann@example.com]\n"
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	review, err := configreview.Read(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &served{client: &http.Client{Jar: jar}, recorded: make(chan configreview.Review, 1), ended: make(chan error, 1)}
	announced := make(chan string, 1)
	p := &reviewpage.Page{
		Review: review, Workspace: "prod", Announce: func(url string) { announced <- url },
		Record: func(_ context.Context, r configreview.Review) error { s.recorded <- r; return nil },
	}
	go func() { s.ended <- p.Serve(t.Context()) }()
	s.url = <-announced
	return s
}

// do sends a request and returns the status and the body.
func (s *served) do(t *testing.T, method, path string, form url.Values, change func(*http.Request)) (int, string) {
	t.Helper()
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if path != "" {
		target, err = target.Parse(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target.String(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(r)
	}
	res, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'n") || strings.Contains(csp, "script") {
		t.Errorf("the policy is %q", csp)
	}
	return res.StatusCode, string(body)
}

func TestReviewIsRecordedInTheBrowser(t *testing.T) {
	t.Parallel()
	s := serve(t)
	status, body := s.do(t, http.MethodGet, "", nil, nil)
	if status != http.StatusOK || !strings.Contains(body, "aws-access-key") || !strings.Contains(body, "spec.owners[]") || strings.Contains(body, testKey) {
		t.Fatalf("%d: %s", status, body)
	}
	if _, body := s.do(t, http.MethodGet, "/file?path=a.yaml", nil, nil); !strings.Contains(body, "&lt;b&gt;bold") {
		t.Errorf("the file: %s", body)
	}
	if status, _ := s.do(t, http.MethodGet, "/file?path=../a.yaml", nil, nil); status != http.StatusNotFound {
		t.Errorf("a file outside: %d", status)
	}
	if _, body := s.do(t, http.MethodPost, "/record", url.Values{"rule email": {"a team"}}, nil); !strings.Contains(body, "Open findings: 1") {
		t.Errorf("with an open finding: %s", body)
	}
	if _, body := s.do(t, http.MethodPost, "/record", url.Values{"finding a.yaml:6:aws-access-key": {"an example"}}, nil); !strings.Contains(body, "is recorded") {
		t.Errorf("recorded: %s", body)
	}
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	if r := <-s.recorded; len(r.Waivers) != 2 || len(r.Open()) != 0 {
		t.Errorf("the review is %+v", r)
	}
}

func TestPageServesOnlyThePersonWhoOpenedIt(t *testing.T) {
	t.Parallel()
	s := serve(t)
	forbidden := func(what string, want int, status int, body string) {
		t.Helper()
		if status != want || strings.Contains(body, "a.yaml") {
			t.Errorf("%s: %d %s", what, status, body)
		}
	}
	status, body := s.do(t, http.MethodGet, "/", nil, nil)
	forbidden("before the link", http.StatusForbidden, status, body)
	status, body = s.do(t, http.MethodGet, "/open/guess", nil, nil)
	forbidden("another token", http.StatusForbidden, status, body)
	status, body = s.do(t, http.MethodGet, "", nil, func(r *http.Request) { r.Host = "rebound.example" })
	forbidden("another host", http.StatusMisdirectedRequest, status, body)
	if status, _ := s.do(t, http.MethodGet, "", nil, nil); status != http.StatusOK {
		t.Fatalf("the link: %d", status)
	}
	first := s.client.Jar
	s.client.Jar = nil
	status, body = s.do(t, http.MethodGet, "", nil, nil)
	forbidden("the link again", http.StatusForbidden, status, body)
	s.client.Jar = first
	status, body = s.do(t, http.MethodPost, "/record", url.Values{}, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	forbidden("from another site", http.StatusForbidden, status, body)
	s.do(t, http.MethodPost, "/cancel", url.Values{}, nil)
	if err := <-s.ended; !errors.Is(err, reviewpage.ErrNotRecorded) {
		t.Errorf("it ends with %v", err)
	}
}
