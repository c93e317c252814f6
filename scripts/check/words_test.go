package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWordsFindsPhrases(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, text, want string }{
		{name: "a phrase of a document", file: "a.md", text: "# A\n\nIt starts anew.\n", want: "a.md:3: anew"},
		{name: "a capital letter", file: "a.md", text: "Beside it is b.\n", want: "a.md:1: Beside"},
		{name: "a phrase across two lines of a document", file: "a.md", text: "The relay is\ntold of it.\n", want: "a.md:1: is told"},
		{name: "a phrase across two paragraphs", file: "a.md", text: "what it is\n\ntold you\n", want: ""},
		{name: "a comment", file: "a.go", text: "package a // told of by b\n", want: "a.go:1: told of"},
		{name: "a comment across two lines", file: "a.go", text: "package a\n\n// It is\n// told so.\n", want: "a.go:3: is told"},
		{name: "a string", file: "a.go", text: "package a\n\nconst c = \"not as it must be\"\n", want: "a.go:3: not as it must"},
		{name: "a string in two halves", file: "a.go", text: "package a\n\nconst c = \"it is \" +\n\t\"told\"\n", want: "a.go:3: is told"},
		{name: "a string after a line break", file: "a.go", text: "package a\n\nconst c = \"\\nanew\"\n", want: "a.go:3: anew"},
		{name: "a raw string", file: "a.go", text: "package a\n\nconst c = `x\nanew`\n", want: "a.go:4: anew"},
		{name: "two strings of a list", file: "a.go", text: "package a\n\nvar c = []string{\"is\",\n\"told\"}\n", want: ""},
		{name: "two strings of two statements", file: "a.go", text: "package a\n\nvar c = \"is\"\nvar d = \"told\"\n", want: ""},
		{name: "help text in JSON", file: "a.json", text: `{"summary": "starts anew"}`, want: "a.json:1: anew"},
		{name: "a comment of Terraform across two lines", file: "a.tf", text: "# It is\n# told so.\n", want: "a.tf:1: is told"},
		{name: "a script", file: "a.sh", text: "echo 'as it must'\n", want: "a.sh:1: as it must"},
		{name: "the first words of a doc comment", file: "a.go", text: "package a\n\n// f gives the end.\nfunc f() {}\n", want: "a.go:3: gives"},
		{name: "a verb that only comments may not have", file: "a.md", text: "It gives the end.\n", want: ""},
		{name: "a legitimate continuation", file: "a.go", text: "package a\n\n// f gives up after a minute.\nfunc f() {}\n", want: ""},
		{name: "the rest, and REST", file: "a.md", text: "The rest of the file is a REST request at rest.\n", want: ""},
		{name: "a test log", file: "a.go", text: "package a\n\nfunc f() { t.Log(1) }\n", want: ""},
		{name: "part of a longer word", file: "a.md", text: "renewanewed besidesx\n", want: ""},
		{name: "a file that nobody reads", file: "a.sum", text: "anew\n", want: ""},
		{name: "test data", file: "b/testdata/a.md", text: "anew\n", want: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, wrongWords(t, tt.file, tt.text)); diff != "" {
				t.Errorf("words (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWordsFindsNames(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, text, want string }{
		{name: "a name that no identifier may have", file: "shared/a/a.go", text: "package a\n\nvar x, untaken = 1, 2\n", want: "shared/a/a.go:3: untaken"},
		{name: "part of a name", file: "shared/a/a.go", text: "package a\n\nfunc f() { stillUntaken() }\n", want: "shared/a/a.go:3: stillUntaken"},
		{name: "a name of one package", file: "functions/runs/a.go", text: "package a\n\nfunc f() { said := 1 }\n", want: "functions/runs/a.go:3: said"},
		{name: "that name in another package", file: "functions/sweep/a.go", text: "package a\n\nfunc f() { said := 1 }\n", want: ""},
		{name: "a common word for a function", file: "functions/runs/a.go", text: "package a\n\nfunc late() {}\n", want: "functions/runs/a.go:3: late"},
		{name: "a common word for a method", file: "functions/runs/a.go", text: "package a\n\nfunc (t) late() {}\n", want: "functions/runs/a.go:3: late"},
		{name: "a common word for a type", file: "functions/runs/a.go", text: "package a\n\ntype late int\n", want: "functions/runs/a.go:3: late"},
		{name: "a common word for a package-level variable", file: "functions/runs/a.go", text: "package a\n\nvar late int\n", want: "functions/runs/a.go:3: late"},
		{name: "a common word for a local variable", file: "functions/runs/a.go", text: "package a\n\nfunc f() { late := 1 }\n", want: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, wrongWords(t, tt.file, tt.text)); diff != "" {
				t.Errorf("words (-want +got):\n%s", diff)
			}
		})
	}
}

// wrongWords returns the first line of what the check reports, without the
// replacement, which every line must have.
func wrongWords(t *testing.T, file, content string) string {
	t.Helper()
	_, err := checkWords(t.Context(), plant(t, map[string]string{file: content}))
	line, _, _ := strings.Cut(text(err), "\n")
	what, instead, replaced := strings.Cut(line, ": write ")
	if line != "" && (!replaced || instead == "") {
		t.Errorf("%q does not say what to write", line)
	}
	return strings.ReplaceAll(what, `"`, "")
}
