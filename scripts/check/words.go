package main

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
)

// word is something that must stand in no file of the tree.
type word struct {
	pattern *regexp.Regexp
	why     string
}

// words is what must not stand here. Each pattern is written so that it does
// not match itself.
var words = []word{
	{regexp.MustCompile(`(?m)(^|[^\w.])/(r[o]ot|Use[r]s/\w+|home/\w+|wo[r]k/(main|shared))/`), "a path of one machine"},
	{regexp.MustCompile(`\b(proxy|sum)\.golang\.org\b|\bregistry\.npmjs\.org\b|\bpypi\.org\b|\bpythonhosted\.org\b`),
		"a registry's host: which one is used is the reader's choice"},
	{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----(\\n|\s)+[A-Za-z0-9+/=]{40}`), "a private key"},
	{regexp.MustCompile(`"private_key_id":\s*"[0-9a-f]{8}`), "a service account's key"},
	{regexp.MustCompile(`(?m)^(<{7}|>{7}|\|{7}) `), "a mark that a merge left"},
}

func checkWords(_ context.Context, t *tree) (string, error) {
	var wrong []string
	for _, name := range t.files {
		text, err := t.read(name)
		if err != nil {
			return "", err
		}
		wrong = append(wrong, wordsIn(name, text)...)
	}
	return "", found(wrong)
}

func wordsIn(name string, text []byte) []string {
	var wrong []string
	for _, w := range words {
		for _, at := range w.pattern.FindAllIndex(text, -1) {
			line := 1 + bytes.Count(text[:at[1]], []byte("\n"))
			wrong = append(wrong, fmt.Sprintf("%s:%d: %s", name, line, w.why))
		}
	}
	return wrong
}
