// Package documents finds the commands in the documentation, so that tests can check that they exist.
package documents

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Command is a command in a document.
type Command struct {
	File  string // relative to the repository
	Line  int
	Words []string // the program and its arguments, without quotes and redirections
	Block bool     // it is in a block of commands, which a reader can execute; otherwise a sentence mentions it
}

// String returns the command with its place.
func (c Command) String() string {
	return fmt.Sprintf("%s:%d: %s", c.File, c.Line, strings.Join(c.Words, " "))
}

// Read returns the commands of all documents below root except the decision records, which
// describe the time when they were written.
func Read(root string) (all []Command, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "adr" || entry.Name() == "testdata" || entry.Name() == ".git" || entry.Name() == ".terraform") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" || entry.Name() == "CHANGELOG.md" { // it describes earlier versions, too
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		for _, c := range Commands(string(text)) {
			c.File = filepath.ToSlash(name)
			all = append(all, c)
		}
		return err
	})
	return all, err
}

// inText matches code in a sentence that begins like one of the programs that a reader executes.
var inText = regexp.MustCompile("`((?:strongroom|terraform|go run|go test) [^`]*)`")

// Commands returns the commands of a Markdown document in their order.
func Commands(text string) (all []Command) {
	block, continued, first := "", "", 0
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if language, isFence := strings.CutPrefix(trimmed, "```"); isFence {
			if block == "" {
				block = "block:" + language
			} else {
				block = ""
			}
			continue
		}
		switch {
		case block == "":
			for _, m := range inText.FindAllStringSubmatch(line, -1) {
				all = append(all, parse(m[1], i+1, false)...)
			}
		case block == "block:sh" || block == "block:":
			if continued == "" {
				first = i + 1
			}
			if before, more := strings.CutSuffix(trimmed, `\`); more {
				continued += before
				continue
			}
			all = append(all, parse(continued+trimmed, first, true)...)
			continued = ""
		}
	}
	return all
}

// substitution matches $(command).
var substitution = regexp.MustCompile(`\$\(([^()]*)\)`)

// parse returns the commands of a line of a shell script.
func parse(line string, number int, block bool) (all []Command) {
	for _, m := range substitution.FindAllStringSubmatch(line, -1) {
		all = append(all, parse(m[1], number, block)...)
	}
	var words []string
	end := func() {
		for len(words) > 0 && assignment.MatchString(words[0]) {
			words = words[1:]
		}
		if len(words) > 0 {
			all = append(all, Command{Line: number, Words: words, Block: block})
		}
		words = nil
	}
	tokens := tokenize(substitution.ReplaceAllString(line, "SUBSTITUTED"))
	for i := 0; i < len(tokens); i++ {
		switch token := tokens[i]; token {
		case "|", "||", "&&", ";", "&":
			end()
		case ">", ">>", "<", "2>":
			i++ // and the name of the file
		default:
			words = append(words, strings.Trim(token, `'"`))
		}
	}
	end()
	return all
}

var (
	assignment = regexp.MustCompile(`^(export|[A-Z_]+=.*)$`)
	token      = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s|;&<>'"])+|\|\||&&|>>|[|;&<>]`)
	comment    = regexp.MustCompile(`(?:^|\s)#.*$`)
)

// tokenize splits a line into words and operators, and removes a comment.
func tokenize(line string) []string {
	return token.FindAllString(comment.ReplaceAllString(line, ""), -1)
}
