package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWordsFindsPhrases(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, text, want string }{
		{"a phrase of a document", "a.md", "# A\n\nIt starts anew.\n", "a.md:3: anew"},
		{"a capital letter", "a.md", "Beside it is b.\n", "a.md:1: Beside"},
		{"a phrase across two lines of a document", "a.md", "The relay is\ntold of it.\n", "a.md:1: is told"},
		{"a phrase across two paragraphs", "a.md", "what it is\n\ntold you\n", ""},
		{"a comment", "a.go", "package a // told of by b\n", "a.go:1: told of"},
		{"a comment across two lines", "a.go", "package a\n\n// It is\n// told so.\n", "a.go:3: is told"},
		{"a string", "a.go", "package a\n\nconst c = \"not as it must be\"\n", "a.go:3: not as it must"},
		{"a string in two halves", "a.go", "package a\n\nconst c = \"it is \" +\n\t\"told\"\n", "a.go:3: is told"},
		{"a string after a line break", "a.go", "package a\n\nconst c = \"\\nanew\"\n", "a.go:3: anew"},
		{"a raw string", "a.go", "package a\n\nconst c = `x\nanew`\n", "a.go:4: anew"},
		{"two strings of a list", "a.go", "package a\n\nvar c = []string{\"is\",\n\"told\"}\n", ""},
		{"two strings of two statements", "a.go", "package a\n\nvar c = \"is\"\nvar d = \"told\"\n", ""},
		{"help text in JSON", "a.json", `{"summary": "starts anew"}`, "a.json:1: anew"},
		{"a comment of Terraform across two lines", "a.tf", "# It is\n# told so.\n", "a.tf:1: is told"},
		{"a script", "a.sh", "echo 'as it must'\n", "a.sh:1: as it must"},
		{"the first words of a doc comment", "a.go", "package a\n\n// f gives the end.\nfunc f() {}\n", "a.go:3: gives"},
		{"a verb that only comments may not have", "a.md", "It gives the end.\n", ""},
		{"a legitimate continuation", "a.go", "package a\n\n// f gives up after a minute.\nfunc f() {}\n", ""},
		{"the rest, and REST", "a.md", "The rest of the file is a REST request at rest.\n", ""},
		{"a test log", "a.go", "package a\n\nfunc f() { t.Log(1) }\n", ""},
		{"part of a longer word", "a.md", "renewanewed besidesx\n", ""},
		{"a file that nobody reads", "a.sum", "anew\n", ""},
		{"test data", "b/testdata/a.md", "anew\n", ""},
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
		{"a name that no identifier may have", "shared/a/a.go", "package a\n\nvar x, untaken = 1, 2\n", "shared/a/a.go:3: untaken"},
		{"part of a name", "shared/a/a.go", "package a\n\nfunc f() { stillUntaken() }\n", "shared/a/a.go:3: stillUntaken"},
		{"a name of one package", "functions/runs/a.go", "package a\n\nfunc f() { said := 1 }\n", "functions/runs/a.go:3: said"},
		{"that name in another package", "functions/sweep/a.go", "package a\n\nfunc f() { said := 1 }\n", ""},
		{"a common word for a function", "functions/runs/a.go", "package a\n\nfunc late() {}\n", "functions/runs/a.go:3: late"},
		{"a common word for a method", "functions/runs/a.go", "package a\n\nfunc (t) late() {}\n", "functions/runs/a.go:3: late"},
		{"a common word for a type", "functions/runs/a.go", "package a\n\ntype late int\n", "functions/runs/a.go:3: late"},
		{"a common word for a package-level variable", "functions/runs/a.go", "package a\n\nvar late int\n", "functions/runs/a.go:3: late"},
		{"a common word for a local variable", "functions/runs/a.go", "package a\n\nfunc f() { late := 1 }\n", ""},
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
