package catalog

import (
	"context"
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
	Score float64  `json:"score" class:"public" doc:"From 0 to 1"`
	Words []string `json:"words" class:"public" doc:"Words of the query that the task has, the most important first"`
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
			ID: m.ID, TaskBody: TaskBody(index.Task(m.ID)), Score: m.Score, Words: m.Words(),
		})
	}
	return out, nil
}
