package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

func TestStringIsRedactedByEveryPrinter(t *testing.T) {
	t.Parallel()
	const canary = "canary-7f3a"
	s := secret.New(canary)
	wrapped := struct{ Token secret.String }{s}
	hidden := struct{ token secret.String }{s}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "token", s, "struct", wrapped)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "token", s, "struct", wrapped)
	encoded, err := json.Marshal(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	printed := map[string]string{
		"log":   log.String(),
		"json":  string(encoded),
		"error": errors.Join(fmt.Errorf("use %v: %w", s, errors.ErrUnsupported)).Error(),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed[verb] = fmt.Sprintf(verb, s) + fmt.Sprintf(verb, wrapped) + fmt.Sprintf(verb, &wrapped)
		printed[verb+" in an unexported field"] = fmt.Sprintf(verb, hidden) + fmt.Sprintf(verb, &hidden)
	}
	for name, text := range printed {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("%s shows the secret: %s", name, text)
		}
	}
	if s.Reveal() != canary {
		t.Error("Reveal does not give the value")
	}
}

func TestStringKeepsItsText(t *testing.T) {
	t.Parallel()
	var zero, read secret.String
	if err := read.UnmarshalText([]byte("text")); err != nil {
		t.Fatal(err)
	}
	if got := zero.Reveal() + secret.New("").Reveal() + read.Reveal(); got != "text" {
		t.Errorf("revealed %q", got)
	}
	if !zero.Empty() || !secret.New("").Empty() || read.Empty() {
		t.Error("Empty does not tell the empty secrets")
	}
}
