package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func answers(note string, err error) func(context.Context, *tree) (string, error) {
	return func(context.Context, *tree) (string, error) { return note, err }
}

func TestRunAllGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	code := runAll(t.Context(), &out, &tree{}, []check{
		{name: "first", run: answers("", errors.New("a.go: wrong\nb.go: wrong"))},
		{name: "second", run: answers("", skip("no network"))},
		{name: "third", run: answers("7 things", nil)},
		{name: "fourth", run: answers("", nil)},
	})
	want := `FAIL  first
      a.go: wrong
      b.go: wrong
skip  second: no network
ok    third (0.0 s): 7 things
ok    fourth (0.0 s)
1 of 4 checks failed
`
	if diff := cmp.Diff(want, out.String()); diff != "" || code != 1 {
		t.Errorf("exit code %d, want 1; output (-want +got):\n%s", code, diff)
	}
}

func TestASkipIsNoFailure(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if code := runAll(t.Context(), &out, &tree{}, []check{{name: "a", run: answers("", skip("why"))}}); code != 0 {
		t.Errorf("exit code %d, want 0: %s", code, &out)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	all := []check{{name: "a"}, {name: "b"}, {name: "c", asked: true}}
	tests := []struct {
		name  string
		names []string
		want  []string
	}{
		{"no names select all that run by default", nil, []string{"a", "b"}},
		{"names select these, in the order of the table", []string{"c", "a"}, []string{"a", "c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			chosen, err := choose(all, tt.names)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Join(tt.want, ", "), listed(chosen)); diff != "" {
				t.Errorf("chosen (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunAnswersWrongUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{name: "help lists the checks", args: []string{"-h"}, code: 0, want: "shape "},
		{name: "an unknown name lists the checks", args: []string{"spelling"}, code: 2, want: `no check "spelling"; the checks are: format, shape`},
		{name: "an unknown flag shows the help", args: []string{"-x"}, code: 2, want: "Usage:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			code := run(t.Context(), tt.args, &out)
			if code != tt.code || !strings.Contains(out.String(), tt.want) {
				t.Errorf("exit code %d, want %d; output %q, want one with %q", code, tt.code, &out, tt.want)
			}
		})
	}
}
