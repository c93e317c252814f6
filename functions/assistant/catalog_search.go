package assistant

import (
	"context"

	"github.com/strongroom-dev/strongroom/shared/rank"
)

type searchTasksRequest struct {
	Query    string `query:"query" required:"true" minLength:"1" maxLength:"500"`
	PageSize int    `query:"pageSize" minimum:"1" maximum:"100" default:"20"`
}

type searchTasksResponse struct {
	Body struct {
		Tasks []foundBody `json:"tasks" doc:"The best first"`
		More  bool        `json:"more" doc:"More were found than are here"`
	}
}

type foundBody struct {
	ID string `json:"id"`
	TaskBody
	Score float64  `json:"score" doc:"From 0 to 1"`
	Words []string `json:"words" doc:"Words of the query that the task has, the one that counts most first"`
}

func (h *Handler) searchTasks(ctx context.Context, in *searchTasksRequest) (*searchTasksResponse, error) {
	l, err := h.library(ctx)
	if err != nil {
		return nil, err
	}
	out := &searchTasksResponse{}
	matches := l.index.Search(in.Query, in.PageSize+1, nil)
	out.Body.More = len(matches) > in.PageSize
	out.Body.Tasks = make([]foundBody, 0, len(matches))
	for _, m := range matches[:min(len(matches), in.PageSize)] {
		out.Body.Tasks = append(out.Body.Tasks, foundBody{m.ID, TaskBody(l.tasks[m.ID]), m.Score, wordsOf(m)})
	}
	return out, nil
}

func wordsOf(m rank.Match) []string {
	words := make([]string, len(m.Evidence))
	for n, e := range m.Evidence {
		words[n] = e.Word
	}
	return words
}
