package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLeaksIn(t *testing.T) {
	t.Parallel()
	key := "-----BEGIN PRIVATE KEY-----" + "\n" + strings.Repeat("A", 64)
	tests := []struct {
		name, text string
		want       []string
	}{
		{"a machine's path", "x\n  cd " + "/ro" + "ot/x\n", []string{"f:2: a path of one machine"}},
		{"a home directory", "see '" + "/ho" + "me/jo/src'", []string{"f:1: a path of one machine"}},
		{"a path of the API", "/v1/root/x /v1/" + "workspaces/main/", nil},
		{"a registry", "GOPROXY=https://proxy" + ".golang.org", []string{"f:1: the host of a registry: readers choose their own"}},
		{"two registries", "pypi" + ".org\npypi" + ".org", []string{
			"f:1: the host of a registry: readers choose their own",
			"f:2: the host of a registry: readers choose their own",
		}},
		{"a private key", key, []string{"f:2: a private key"}},
		{"the name of a kind of key", `Type: "PRIVATE KEY"`, nil},
		{"a service account's key", `{"private_key_id"` + `: "0123456789abcdef"}`, []string{"f:1: the key of a service account"}},
		{"a merge marker", "a\n" + strings.Repeat("<", 7) + " HEAD\n", []string{"f:2: a merge marker"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, leaksIn("f", []byte(tt.text))); diff != "" {
				t.Errorf("leaks (-want +got):\n%s", diff)
			}
		})
	}
}
