package api

import (
	"io"
	"log/slog"
)

// NewLogger returns a logger that writes one JSON object per line, with the names
// that Cloud Logging reads: cloud.google.com/logging/docs/structured-logging.
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return a
		}
		switch a.Key {
		case slog.LevelKey:
			a.Key = "severity"
		case slog.MessageKey:
			a.Key = "message"
		}
		return a
	}}))
}
