package catalog

import (
	"context"
	"time"

	"github.com/strongroom-dev/strongroom/shared/catalog"
)

type searchTasksRequest struct {
	Body struct {
		Query    string `json:"query" class:"metadata" minLength:"1" maxLength:"500"`
		PageSize int    `json:"pageSize,omitempty" class:"operational" minimum:"1" maximum:"100" default:"20"`
	}
}

type searchTasksResponse struct {
	Body struct {
		Tasks []matchBody `json:"tasks" doc:"Best matches first"`
		More  bool        `json:"more" class:"operational" doc:"More tasks match than are listed"`
	}
}

type matchBody struct {
	ID string `json:"id" class:"operational"`
	TaskBody
	Enrichment *enrichmentBody `json:"enrichment,omitempty" doc:"What a model wrote about the task, so that a search finds it by other words. It is not reviewed"`
	Score      float64         `json:"score" class:"public" doc:"From 0 to 1"`
	Words      []string        `json:"words" class:"public" doc:"Words of the query that the task has, the most important first"`
}

type enrichmentBody struct {
	Checks  string    `json:"checks,omitempty" class:"public" doc:"What the task checks"`
	Kinds   []string  `json:"kinds,omitempty" class:"public" doc:"Kinds of resources that it works on"`
	Changes string    `json:"changes,omitempty" class:"public" doc:"What it changes"`
	By      string    `json:"by" class:"public" doc:"The model"`
	At      time.Time `json:"at" class:"public"`
}

func showEnrichment(e catalog.Enrichment) *enrichmentBody {
	if e.IsZero() {
		return nil
	}
	body := enrichmentBody(e)
	return &body
}

func (h *Handler) searchTasks(ctx context.Context, in *searchTasksRequest) (*searchTasksResponse, error) {
	query, size := in.Body.Query, in.Body.PageSize
	index, err := h.cache.Current(ctx)
	if err != nil {
		return nil, err
	}
	out := &searchTasksResponse{}
	matches := index.Search(query, size+1, nil)
	out.Body.More = len(matches) > size
	out.Body.Tasks = make([]matchBody, 0, len(matches))
	for _, m := range matches[:min(len(matches), size)] {
		out.Body.Tasks = append(out.Body.Tasks, matchBody{
			ID: m.ID, TaskBody: TaskBody(index.Task(m.ID)), Enrichment: showEnrichment(index.Enrichment(m.ID)),
			Score: m.Score, Words: m.Words(),
		})
	}
	return out, nil
}
