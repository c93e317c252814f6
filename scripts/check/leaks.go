package main

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
)

// leak is something that no file of the tree may contain.
type leak struct {
	pattern *regexp.Regexp
	what    string
}

// leaks are written so that no pattern matches itself.
var leaks = []leak{
	{regexp.MustCompile(`(?m)(^|[^\w.])/(r[o]ot|Use[r]s/\w+|home/\w+|wo[r]k/(main|shared))/`), "a path of one machine"},
	{regexp.MustCompile(`\b(proxy|sum)\.golang\.org\b|\bregistry\.npmjs\.org\b|\bpypi\.org\b|\bpythonhosted\.org\b`),
		"the host of a registry: readers choose their own"},
	{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----(\\n|\s)+[A-Za-z0-9+/=]{40}`), "a private key"},
	{regexp.MustCompile(`"private_key_id":\s*"[0-9a-f]{8}`), "the key of a service account"},
	{regexp.MustCompile(`(?m)^(<{7}|>{7}|\|{7}) `), "a merge marker"},
}

func checkLeaks(_ context.Context, t *tree) (string, error) {
	var wrong []string
	for _, name := range t.files {
		text, err := t.read(name)
		if err != nil {
			return "", err
		}
		wrong = append(wrong, leaksIn(name, text)...)
	}
	return "", found(wrong)
}

func leaksIn(name string, text []byte) []string {
	var wrong []string
	for _, l := range leaks {
		for _, at := range l.pattern.FindAllIndex(text, -1) {
			wrong = append(wrong, fmt.Sprintf("%s:%d: %s", name, lineAt(text, at[1]), l.what))
		}
	}
	return wrong
}

// lineAt returns the number of the line that holds the byte at offset.
func lineAt(text []byte, offset int) int { return 1 + bytes.Count(text[:offset], []byte("\n")) }
