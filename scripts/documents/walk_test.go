package documents_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/scripts/documents"
)

const repository = "../.."

// TestEveryDocumentedCommandCanBeFollowed checks the commands of the documentation against the
// repository: folders, files, programs with their flags, tests, and what Terraform names. The
// command line is checked in scripts/strongroom/command. Nothing here checks gcloud.
func TestEveryDocumentedCommandCanBeFollowed(t *testing.T) {
	t.Parallel()
	all, err := documents.Read(repository)
	if err != nil {
		t.Fatal(err)
	}
	checked := map[string]int{}
	w := &walk{}
	for _, c := range all {
		if c.File != w.file {
			w = &walk{file: c.File}
		}
		known, err := w.follow(c)
		if err != nil {
			t.Errorf("%s: %v", c, err)
		}
		if known {
			checked[c.Words[0]]++
		}
	}
	for _, program := range []string{"go", "terraform", "cd", "cp"} {
		if checked[program] == 0 {
			t.Errorf("no command of %s was found: does the search still find them?", program)
		}
	}
}

func TestACommandThatCannotBeFollowedIsFound(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"go run ./scripts/no-such -out dist",
		"go run ./scripts/package -no-such dist",
		"go run ./scripts/documents",
		"go test ./infra -run TestNoSuch",
		"go test ./no-such",
		"cd infra/examples/no-such",
		"cp no-such.tfvars terraform.tfvars",
		"terraform aply plan",
		`terraform state rm module.tenant["SLUG"].google_storage_bucket.no_such`,
	} {
		w := &walk{file: "README.md"}
		for _, c := range documents.Commands("```sh\n" + line + "\n```") {
			if _, err := w.follow(c); err == nil {
				t.Errorf("%s has no fault", line)
			}
		}
	}
}

// walk follows the commands of one document.
type walk struct {
	file   string
	folder string // where the reader is, relative to the repository
}

// follow checks a command, and reports whether it knows the program.
func (w *walk) follow(c documents.Command) (known bool, err error) {
	words := c.Words
	if !c.Block { // a sentence is read in the repository's root
		w = &walk{file: w.file}
	}
	switch {
	case words[0] == "cd" && len(words) == 2 && c.Block:
		w.folder = filepath.Join(w.folder, words[1])
		return true, exists(w.folder)
	case words[0] == "cp" && len(words) == 3 && c.Block:
		return true, exists(filepath.Join(w.folder, words[1]))
	case words[0] == "terraform" && len(words) > 1:
		return true, checkTerraform(words[1:])
	case words[0] == "go" && len(words) > 2 && words[1] == "run":
		return true, w.checkProgram(words[2:])
	case words[0] == "go" && len(words) > 2 && words[1] == "test":
		return true, w.checkTests(words[2:])
	}
	return false, nil
}

func exists(path string) error {
	_, err := os.Stat(filepath.Join(repository, path))
	return err
}

// terraformCommands are those that the documentation uses.
var terraformCommands = []string{"apply", "console", "destroy", "fmt", "force-unlock", "import", "init", "output", "plan", "providers", "show", "state", "test", "validate"}

// address matches the address of a resource in a module of this repository.
var address = regexp.MustCompile(`^module\.(\w+)(?:\[[^\]]*\])?\.(?:module\.\w+(?:\[[^\]]*\])?\.)*(\w+)\.(\w+)`)

func checkTerraform(args []string) error {
	if !slices.Contains(terraformCommands, args[0]) {
		return fmt.Errorf("terraform has no command %s, or this test does not know it", args[0])
	}
	for _, arg := range args {
		m := address.FindStringSubmatch(strings.ReplaceAll(arg, `\"`, `"`))
		if m == nil {
			continue
		}
		declaration := fmt.Sprintf("resource \"%s\" \"%s\"", m[2], m[3])
		if !contains("infra/modules", ".tf", declaration) {
			return fmt.Errorf("no module has %s", declaration)
		}
	}
	return nil
}

// checkProgram checks that a package is a program with these flags.
func (w *walk) checkProgram(args []string) error {
	flags := []string{}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") { // of go run
		args = args[1:]
		if len(args) > 0 && !strings.HasPrefix(args[0], "-") && !strings.HasPrefix(args[0], ".") {
			args = args[1:] // the value
		}
	}
	if len(args) == 0 || strings.Contains(args[0], "@") {
		return nil
	}
	folder := filepath.Join(w.folder, args[0])
	if !containsMatch(folder, ".go", regexp.MustCompile(`(?m)^package main$`)) {
		return fmt.Errorf("%s is no program", folder)
	}
	for _, arg := range args[1:] {
		if arg == "--" {
			break // the rest belongs to another program
		}
		if name := strings.TrimLeft(arg, "-"); name != arg && name != "" && name != "h" {
			name, _, _ = strings.Cut(name, "=")
			flags = append(flags, name)
		}
	}
	if folder == "scripts/strongroom" {
		return nil
	}
	for _, name := range flags {
		if !contains(folder, ".go", `"`+name+`"`) {
			return fmt.Errorf("%s has no flag -%s", folder, name)
		}
	}
	return nil
}

// placeholder matches a word that a reader replaces, such as NAME.
var placeholder = regexp.MustCompile(`\b[A-Z]{2,}\b`)

// checkTests checks that packages exist, and that they have tests that -run matches.
func (w *walk) checkTests(args []string) error {
	var folders []string
	pattern := ""
	for i, arg := range args {
		switch {
		case strings.HasPrefix(arg, "./"):
			folders = append(folders, filepath.Join(w.folder, strings.TrimSuffix(arg, "...")))
		case (arg == "-run" || arg == "-bench" || arg == "-fuzz") && i+1 < len(args):
			pattern = args[i+1]
		}
	}
	if placeholder.MatchString(strings.Join(folders, " ")) {
		return nil
	}
	for _, folder := range folders {
		if err := exists(folder); err != nil {
			return err
		}
	}
	for alternative := range strings.SplitSeq(strings.Trim(pattern, "^$"), "|") {
		name, _, _ := strings.Cut(alternative, "/")
		if name = strings.TrimSuffix(strings.Trim(name, "^$().*"), "N"); name == "" { // TestLawN stands for each law
			continue
		}
		declared := regexp.MustCompile(`(?m)^func \w*` + regexp.QuoteMeta(name) + `\w*\(`)
		if !slices.ContainsFunc(folders, func(folder string) bool { return containsMatch(folder, "_test.go", declared) }) {
			return fmt.Errorf("no test in %s matches %s", strings.Join(folders, ", "), alternative)
		}
	}
	return nil
}

func contains(folder, suffix, text string) bool {
	return containsMatch(folder, suffix, regexp.MustCompile(regexp.QuoteMeta(text)))
}

// containsMatch reports whether a file below a folder matches a pattern.
func containsMatch(folder, suffix string, pattern *regexp.Regexp) bool {
	found := errors.New("found")
	err := filepath.WalkDir(filepath.Join(repository, folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && pattern.Match(text) {
			return found
		}
		return err
	})
	return errors.Is(err, found)
}
