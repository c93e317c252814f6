package main

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// wordFiles are the endings of the files that people read.
var wordFiles = []string{".go", ".md", ".tf", ".hcl", ".json", ".sh", ".yml", ".ci/run"}

// wordLists are the files that hold the phrases themselves.
var wordLists = []string{"scripts/check/phrases.go", "scripts/check/words_test.go"}

// wording is the compiled tables.
type wording struct {
	phrases             []compiledPhrase
	any                 map[where]*regexp.Regexp // all phrases of a place: one pass that finds nothing in most files
	names, declarations []compiledName
}

type compiledPhrase struct {
	*regexp.Regexp
	phrase
}

type compiledName struct {
	dir, name *regexp.Regexp
	instead   string
}

func newWording() *wording {
	w := &wording{names: compileNames(badNames), declarations: compileNames(badDeclarations), any: map[where]*regexp.Regexp{}}
	patterns := map[where][]string{}
	for _, p := range phrases {
		flexible := strings.ReplaceAll(p.pattern, " ", `(?:[ \t]+|[ \t]*\n[ \t]*)`)
		w.phrases = append(w.phrases, compiledPhrase{wholeWords(flexible), p})
		patterns[p.in] = append(patterns[p.in], flexible)
	}
	for in, all := range patterns {
		w.any[in] = wholeWords(strings.Join(all, "|"))
	}
	return w
}

func wholeWords(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:` + pattern + `)\b`)
}

func compileNames(all []badName) []compiledName {
	whole := func(pattern string) *regexp.Regexp { return regexp.MustCompile("^(?:" + pattern + ")$") }
	var compiled []compiledName
	for _, n := range all {
		dir := n.dir
		if dir == "" {
			dir = ".*"
		}
		compiled = append(compiled, compiledName{dir: whole(dir), name: whole(n.name), instead: n.instead})
	}
	return compiled
}

func checkWords(_ context.Context, t *tree) (string, error) {
	w := newWording()
	var wrong []string
	for _, name := range t.files {
		readable := slices.ContainsFunc(wordFiles, func(ending string) bool { return strings.HasSuffix(name, ending) })
		if !readable || slices.Contains(wordLists, name) || strings.Contains(name, "/testdata/") {
			continue
		}
		text, err := t.read(name)
		if err != nil {
			return "", err
		}
		wrong = append(wrong, w.in(name, text)...)
	}
	return fmt.Sprintf("%d phrases, %d names", len(phrases), len(badNames)+len(badDeclarations)), found(wrong)
}

// in lists what is wrong in one file, in the order of its lines.
func (w *wording) in(name string, text []byte) []string {
	var hits []hit
	if strings.HasSuffix(name, ".go") {
		g := readGo(text)
		dir := path.Dir(name)
		hits = slices.Concat(w.match(g.comments, inComment), w.match(g.prose, anywhere),
			matchNames(w.names, dir, g.names), matchNames(w.declarations, dir, declared(text)))
	} else {
		hits = w.match(unmarked(text), anywhere)
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.offset - b.offset })
	var wrong []string
	for _, h := range hits {
		wrong = append(wrong, fmt.Sprintf("%s:%d: %q: write %s", name, lineAt(text, h.offset), h.what, h.instead))
	}
	return wrong
}

// hit is one phrase or name in a file.
type hit struct {
	offset        int
	what, instead string
}

func (w *wording) match(text []byte, in where) []hit {
	var hits []hit
	if !w.any[in].Match(text) {
		return nil
	}
	for _, p := range w.phrases {
		if p.in != in {
			continue
		}
		for _, at := range p.FindAllSubmatchIndex(text, -1) {
			if legitimate := len(at) > 2 && at[2] >= 0; legitimate {
				continue
			}
			words := strings.Join(strings.Fields(string(text[at[0]:at[1]])), " ")
			hits = append(hits, hit{offset: at[0], what: words, instead: p.instead})
		}
	}
	return hits
}

func matchNames(bad []compiledName, dir string, names []identifier) []hit {
	var hits []hit
	for _, b := range bad {
		if !b.dir.MatchString(dir) {
			continue
		}
		for _, n := range names {
			if b.name.MatchString(n.name) {
				hits = append(hits, hit{offset: n.offset, what: n.name, instead: b.instead})
			}
		}
	}
	return hits
}

type identifier struct {
	offset int
	name   string
}

// declared lists what a Go file declares at package level. A file with a syntax
// error is left to the check of the format.
func declared(text []byte) []identifier {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	var all []identifier
	add := func(name *ast.Ident) { all = append(all, identifier{fset.Position(name.Pos()).Offset, name.Name}) }
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			add(d.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					add(s.Name)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						add(name)
					}
				}
			}
		}
	}
	return all
}

// goText is a Go file taken apart. Offsets in comments and prose are those in
// the file: what does not belong to them is blank, or barrier where a phrase
// must not continue.
type goText struct {
	comments, prose []byte // prose is comments and strings
	names           []identifier
}

const barrier = '\x00'

func readGo(text []byte) goText {
	fset := token.NewFileSet()
	file := fset.AddFile("", fset.Base(), len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, scanner.ScanComments)
	g := goText{comments: blank(text), prose: blank(text)}
	for {
		pos, kind, literal := s.Scan()
		at := file.Offset(pos)
		switch kind {
		case token.EOF:
			return g
		case token.COMMENT:
			words := bytes.TrimPrefix(text[at:at+len(literal)], []byte("//"))
			copy(g.comments[at+len(literal)-len(words):], words)
			copy(g.prose[at+len(literal)-len(words):], words)
		case token.STRING:
			copy(g.prose[at:], unquoted(literal))
		case token.IDENT:
			g.names = append(g.names, identifier{at, literal})
			g.prose[at], g.comments[at] = barrier, barrier
		case token.ADD: // joins the halves of a sentence
		case token.SEMICOLON, token.COMMA:
			g.separate(at, literal)
		default:
			g.prose[at], g.comments[at] = barrier, barrier
		}
	}
}

// separate keeps a phrase from continuing in the next element or statement. The
// scanner also reports a semicolon for the end of a line, which is no byte.
func (g *goText) separate(at int, literal string) {
	if literal != "\n" && at < len(g.prose) {
		g.prose[at], g.comments[at] = barrier, barrier
	}
}

// unquoted blanks the quotes and the escapes of a string literal.
func unquoted(literal string) string {
	inner := []byte(literal)
	inner[0], inner[len(inner)-1] = ' ', ' '
	for i := 0; literal[0] == '"' && i < len(inner)-1; i++ {
		if inner[i] == '\\' {
			inner[i], inner[i+1] = ' ', ' '
			i++
		}
	}
	return string(inner)
}

// blank replaces every byte but the line breaks.
func blank(text []byte) []byte {
	blanks := bytes.Repeat([]byte(" "), len(text))
	for i, b := range text {
		if b == '\n' {
			blanks[i] = b
		}
	}
	return blanks
}

// unmarked blanks the marks with which a line of a comment or a quotation
// starts, so that a phrase is found across lines.
func unmarked(text []byte) []byte {
	return lineMarks.ReplaceAllFunc(text, func(marks []byte) []byte { return bytes.Repeat([]byte(" "), len(marks)) })
}

var lineMarks = regexp.MustCompile(`(?m)^[ \t]*(?:#|//|>)+`)
