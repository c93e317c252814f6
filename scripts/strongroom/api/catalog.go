package api

import (
	"context"
	"net/http"
)

// Limits of the catalog.
const (
	MaxPutTasks      = 500     // tasks in one call
	MaxPutBytes      = 4 << 20 // bytes in the body of one call
	MaxFoundTasks    = 100     // tasks in one response
	MaxTaskName      = 500     // characters; also for a suite's name
	MaxTaskText      = 4096    // characters of documentation
	MaxTaskSource    = 1000    // characters
	MaxTaskTags      = 100     // tags of one task
	MaxTaskTagBytes  = 200     // bytes in a tag
	MaxSuiteTitle    = 200     // characters
	MaxSuiteText     = 1024    // characters of documentation
	MaxSupports      = 50      // entries of one suite
	catalogTasksPath = "/v1/catalog/tasks"
	catalogPrunePath = "/v1/catalog/prune"
)

// Task is a task in the public catalog. Source, suite and name identify it.
type Task struct {
	Name          string   `json:"name"`
	Documentation string   `json:"documentation,omitempty"`
	Tags          []string `json:"tags,omitempty"`
	Suite         string   `json:"suite"`
	Source        string   `json:"source" doc:"URL of its file"`

	DisplayName        string   `json:"displayName,omitempty" doc:"of its suite"`
	SuiteDocumentation string   `json:"suiteDocumentation,omitempty"`
	Supports           []string `json:"supports,omitempty" doc:"platforms that its suite supports"`
	Kind               string   `json:"kind,omitempty" doc:"\"sli\": a measurement, which assistants do not suggest"`
}

// FoundTask is a task that a search found.
type FoundTask struct {
	ID string `json:"id"`
	Task
	Score float64  `json:"score" doc:"from 0 to 1"`
	Words []string `json:"words" doc:"words of the query that the task contains"`
}

// FoundTasks is the result of a search, the best match first.
type FoundTasks struct {
	Tasks []FoundTask `json:"tasks"`
	More  bool        `json:"more" doc:"more tasks match than Tasks has"`
}

// PutTasks stores different tasks in the catalog and returns how many of them
// were new or changed. It marks them with edition, unless that is empty. It is
// safe to retry.
func (c *Client) PutTasks(ctx context.Context, tasks []Task, edition string) (written int, err error) {
	r := request{what: "store tasks in the catalog", method: http.MethodPut, path: catalogTasksPath}
	r.in = struct {
		Tasks   []Task `json:"tasks"`
		Edition string `json:"edition,omitempty"`
	}{tasks, edition}
	var response struct {
		Written int `json:"written"`
	}
	err = c.call(ctx, r, &response)
	return response.Written, err
}

// Pruned is the result of one call of PruneTasks.
type Pruned struct {
	Removed       int    `json:"removed"`
	NextPageToken string `json:"nextPageToken" doc:"for the next call; empty: this was the last page"`
}

// PruneTasks looks at one page of the catalog. It removes the tasks whose source
// has the given prefix and that do not have the edition. It is safe to retry.
func (c *Client) PruneTasks(ctx context.Context, source, edition, pageToken string) (Pruned, error) {
	r := request{what: "prune the catalog", method: http.MethodPost, path: catalogPrunePath}
	r.in = struct {
		Source    string `json:"source"`
		Edition   string `json:"edition"`
		PageToken string `json:"pageToken,omitempty"`
	}{source, edition, pageToken}
	var pruned Pruned
	err := c.call(ctx, r, &pruned)
	return pruned, err
}

// SearchTasks returns at most size tasks that match words.
func (c *Client) SearchTasks(ctx context.Context, words string, size int) (FoundTasks, error) {
	r := request{what: "search the catalog", method: http.MethodPost, path: catalogTasksPath + "/search"}
	r.in = struct {
		Query string `json:"query"`
		page
	}{words, page{PageSize: size}}
	var found FoundTasks
	err := c.call(ctx, r, &found)
	return found, err
}
