package vertex

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Answer is what the server sends. The zero Answer is an empty text that ends normally.
type Answer struct {
	Text         string
	Pieces       int    // in which a stream sends the text; 0: 1
	FinishReason string // empty: STOP, or MAX_TOKENS if the text has more tokens than the request allows
	BlockReason  string // of the prompt; then there is no text

	Status     int    // HTTP status of an error before the answer; 0: none
	RedirectTo string // with Status 3xx

	// After the first piece of a stream, one of these may happen instead of the rest.
	ErrorAfter int             // an error with this code, as an event of the stream
	StallUntil <-chan struct{} // nothing is sent until this is closed or the client disconnects
	Break      bool            // the connection breaks
	NoEnd      bool            // the stream ends without a finish reason

	Raw string // the whole body, as it is
}

// apiError is an error in Google's format: cloud.google.com/apis/design/errors#http_mapping.
type apiError struct {
	code    int
	status  string
	message string
}

func invalidArgument(message string) *apiError {
	return &apiError{http.StatusBadRequest, "INVALID_ARGUMENT", message}
}

func (e *apiError) json() []byte {
	encoded, _ := json.Marshal(map[string]any{"error": map[string]any{"code": e.code, "message": e.message, "status": e.status}}) // always encodes
	return encoded
}

func (e *apiError) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(e.code)
	_, _ = w.Write(e.json()) // the client may have disconnected
}

// write sends the answer to a request.
func (a Answer) write(w http.ResponseWriter, r *http.Request, request Request) {
	switch {
	case a.RedirectTo != "":
		http.Redirect(w, r, a.RedirectTo, a.Status)
	case a.Status != 0:
		// Google's errors can quote the request. So do these, so that tests find out where
		// the text of an error goes.
		(&apiError{a.Status, "FAILED", "The request failed: " + request.Text}).write(w)
	case a.Raw != "":
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte(a.Raw))
	case request.Stream:
		a.stream(w, r, request)
	default:
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_ = json.NewEncoder(w).Encode(a.response(request, a.Text, true))
	}
}

// stream sends the answer as server-sent events.
func (a Answer) stream(w http.ResponseWriter, r *http.Request, request Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	pieces := split(a.Text, max(1, a.Pieces))
	for i, piece := range pieces {
		last := i == len(pieces)-1
		a.event(w, a.response(request, piece, last && !a.NoEnd && !a.ends()))
		if i == 0 && a.ends() {
			a.end(w, r, request)
			return
		}
	}
}

// ends reports whether the stream ends after its first piece.
func (a Answer) ends() bool { return a.ErrorAfter != 0 || a.StallUntil != nil || a.Break }

func (a Answer) end(w http.ResponseWriter, r *http.Request, request Request) {
	switch {
	case a.ErrorAfter != 0:
		_, _ = fmt.Fprintf(w, "data: %s\r\n\r\n", (&apiError{a.ErrorAfter, "FAILED", "The request failed: " + request.Text}).json())
	case a.Break:
		panic(http.ErrAbortHandler)
	default:
		select {
		case <-a.StallUntil:
		case <-r.Context().Done():
		}
	}
}

func (Answer) event(w http.ResponseWriter, response map[string]any) {
	encoded, _ := json.Marshal(response) // always encodes
	_, _ = fmt.Fprintf(w, "data: %s\r\n\r\n", encoded)
	_ = http.NewResponseController(w).Flush() // the client may have disconnected
}

// response returns a GenerateContentResponse with a piece of the text.
func (a Answer) response(request Request, piece string, last bool) map[string]any {
	usage := map[string]any{"promptTokenCount": tokens(request.Instruction + request.Text), "trafficType": "ON_DEMAND"}
	response := map[string]any{"modelVersion": request.Model, "responseId": request.SHA256[:24], "usageMetadata": usage}
	if a.BlockReason != "" {
		response["promptFeedback"] = map[string]any{"blockReason": a.BlockReason}
		return response
	}
	candidate := map[string]any{"content": map[string]any{"role": "model", "parts": []map[string]any{{"text": piece}}}}
	if last {
		candidate["finishReason"] = a.finishReason(request)
		usage["candidatesTokenCount"] = tokens(a.Text)
		usage["totalTokenCount"] = tokens(request.Instruction+request.Text) + tokens(a.Text)
	}
	response["candidates"] = []map[string]any{candidate}
	return response
}

func (a Answer) finishReason(r Request) string {
	switch {
	case a.FinishReason != "":
		return a.FinishReason
	case r.MaxTokens > 0 && tokens(a.Text) > r.MaxTokens:
		return "MAX_TOKENS"
	}
	return "STOP"
}

func tokens(text string) int { return (len(text) + 3) / 4 }

// split cuts a text into n pieces between characters. Some may be empty.
func split(text string, n int) []string {
	pieces := make([]string, 0, n)
	for left := n; left > 1; left-- {
		cut := len(text) / left
		for cut < len(text) && !utf8.RuneStart(text[cut]) {
			cut++
		}
		pieces, text = append(pieces, strings.Clone(text[:cut])), text[cut:]
	}
	return append(pieces, text)
}
