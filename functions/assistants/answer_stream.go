package assistants

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/model"
	"github.com/strongroom-dev/strongroom/shared/plaintext"
)

// answerStream writes an answer as lines of JSON, each as soon as it is known: any number
// of {"text":"…"}, and then either {"end":{…}} or {"error":{…}}. A stream without one of
// these was interrupted.
type answerStream struct {
	hc      huma.Context
	started bool
	err     error // of the first write that failed: the client has disconnected
}

// streamLine is a line. It has one of the fields.
type streamLine struct {
	Text  string       `json:"text,omitempty"`
	End   *SentBody    `json:"end,omitempty"`
	Error *api.Problem `json:"error,omitempty"`
}

// streamAnswer sends a request to a model and writes the answer. ids are those in the
// request.
func (h *Handler) streamAnswer(ctx context.Context, hc huma.Context, request model.Request, ids []string) {
	out := &answerStream{hc: hc}
	clean := plaintext.NewWriter(out)
	var answer model.Answer
	err := h.countSend(ctx, func() (err error) {
		answer, err = h.models.Stream(ctx, request, func(piece string) error {
			_, err := clean.Write([]byte(piece))
			return err
		})
		return err
	})
	if flushed := clean.Flush(); err == nil {
		err = flushed
	}
	switch {
	case out.err != nil:
		return
	case err == nil:
		sent := newSentBody(answer, ids)
		out.line(streamLine{End: &sent})
	case out.started:
		out.line(streamLine{Error: api.ToProblem(ctx, err)})
	default:
		api.Write(hc, api.ToProblem(ctx, err))
	}
}

// Write implements io.Writer. It writes cleaned text as a line.
func (s *answerStream) Write(text []byte) (int, error) {
	if len(text) > 0 {
		s.line(streamLine{Text: string(text)})
	}
	return len(text), s.err
}

func (s *answerStream) line(line streamLine) {
	if !s.started {
		s.start()
	}
	if s.err != nil {
		return
	}
	encoder := json.NewEncoder(s.hc.BodyWriter()) // escapes <, > and &
	if s.err = encoder.Encode(line); s.err != nil {
		return
	}
	if w, ok := s.hc.BodyWriter().(http.ResponseWriter); ok {
		_ = http.NewResponseController(w).Flush() // not every writer can; then the line waits for the next ones
	}
}

// start sends headers that make browsers show the answer as text and store nothing.
func (s *answerStream) start() {
	s.started = true
	s.hc.SetHeader("Content-Type", "application/jsonl")
	s.hc.SetHeader("Content-Security-Policy", "sandbox; default-src 'none'")
	s.hc.SetHeader("X-Accel-Buffering", "no")
	s.hc.SetStatus(http.StatusOK)
}
