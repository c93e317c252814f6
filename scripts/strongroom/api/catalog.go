package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// Limits of the catalogue.
const (
	MaxPutTasks      = 500     // in one call
	MaxPutBytes      = 4 << 20 // of one call's body
	MaxFoundTasks    = 100     // in one answer
	MaxTaskName      = 500     // characters, as of a suite
	MaxTaskText      = 4096    // characters of documentation
	MaxTaskSource    = 1000    // characters
	MaxTaskTags      = 100     // of one task
	MaxTaskTagBytes  = 200     // of a tag
	MaxSuiteTitle    = 200     // characters
	MaxSuiteText     = 1024    // characters of documentation
	MaxSupports      = 50      // of one suite
	MaxCatalogQuery  = 500     // characters
	catalogTasksPath = "/v1/catalog/tasks"
	catalogPrunePath = "/v1/catalog/prune"
)

// Task is a task of the public catalogue. Source, suite and name tell it from
// others.
type Task struct {
	Name          string   `json:"name"`
	Documentation string   `json:"documentation,omitempty"`
	Tags          []string `json:"tags,omitempty"`
	Suite         string   `json:"suite"`
	Source        string   `json:"source"` // address of its file

	DisplayName        string   `json:"displayName,omitempty"` // of its suite
	SuiteDocumentation string   `json:"suiteDocumentation,omitempty"`
	Supports           []string `json:"supports,omitempty"` // what its suite is for
	Kind               string   `json:"kind,omitempty"`     // sli: a measurement, which is not suggested
}

// FoundTask is a task that a search found.
type FoundTask struct {
	ID string `json:"id"`
	Task
	Score float64  `json:"score"` // from 0 to 1
	Words []string `json:"words"` // of the query that the task has
}

// FoundTasks is what a search found, the best first.
type FoundTasks struct {
	Tasks []FoundTask `json:"tasks"`
	More  bool        `json:"more"` // were found than are here
}

// PutTasks puts tasks, which must differ, into the catalogue, marked as of an
// edition unless that is empty, and gives how many of them were new or other than
// before. It may be repeated.
func (c *Client) PutTasks(ctx context.Context, tasks []Task, edition string) (written int, err error) {
	r := request{what: "put tasks into the catalogue", method: http.MethodPut, path: catalogTasksPath}
	r.in = struct {
		Tasks   []Task `json:"tasks"`
		Edition string `json:"edition,omitempty"`
	}{tasks, edition}
	var answer struct {
		Written int `json:"written"`
	}
	err = c.call(ctx, r, &answer)
	return answer.Written, err
}

// Pruned is what one call of PruneTasks did.
type Pruned struct {
	Removed       int    `json:"removed"`
	NextPageToken string `json:"nextPageToken"` // for the next call; empty: all is done
}

// PruneTasks removes the tasks of one page of the catalogue whose source begins
// so and that are not of the edition. It may be repeated.
func (c *Client) PruneTasks(ctx context.Context, source, edition, pageToken string) (Pruned, error) {
	r := request{what: "prune the catalogue", method: http.MethodPost, path: catalogPrunePath}
	r.in = struct {
		Source    string `json:"source"`
		Edition   string `json:"edition"`
		PageToken string `json:"pageToken,omitempty"`
	}{source, edition, pageToken}
	var pruned Pruned
	err := c.call(ctx, r, &pruned)
	return pruned, err
}

// SearchTasks searches the catalogue for words.
func (c *Client) SearchTasks(ctx context.Context, words string, size int) (FoundTasks, error) {
	query := url.Values{"query": {words}, "pageSize": {strconv.Itoa(size)}}
	var found FoundTasks
	err := c.call(ctx, request{what: "search the catalogue", method: http.MethodGet, path: catalogTasksPath, query: query}, &found)
	return found, err
}
