package main

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
)

func checkFormat(_ context.Context, t *tree) (string, error) {
	var wrong []string
	err := t.eachGo(func(name string, text []byte) error {
		formatted, err := format.Source(text)
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("%s: %v", name, err))
		case !bytes.Equal(text, formatted):
			wrong = append(wrong, fmt.Sprintf("%s: run gofmt -w %[1]s", name))
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return "", found(wrong)
}
