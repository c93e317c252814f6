package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// minKeyedFields is the number of fields from which a struct literal must name
// them: the reader of four bare values has to look up which is which.
const minKeyedFields = 4

// typeTable maps the name of a type to its definition.
type typeTable map[string]ast.Expr

// literals finds struct literals without field names. It reads the syntax
// only, so it also works on code that does not compile. Types of other modules
// are left to go vet, which reports every unkeyed literal of them.
type literals struct {
	module   string               // module path, with a slash at the end
	packages map[string]typeTable // by directory; a directory's test packages share its table
}

// literal is a struct literal that must name its fields.
type literal struct {
	at     token.Position
	fields []string // the names in the order of the values
	node   *ast.CompositeLit
}

func (l literal) String() string {
	return fmt.Sprintf("%s:%d: name the fields of this literal: %s", l.at.Filename, l.at.Line, strings.Join(l.fields, ", "))
}

// declare adds the package-level types of a file.
func (l *literals) declare(name string, file *ast.File) {
	dir := path.Dir(name)
	if l.packages[dir] == nil {
		l.packages[dir] = typeTable{}
	}
	for _, decl := range file.Decls {
		l.packages[dir].add(decl)
	}
}

func (t typeTable) add(decl ast.Decl) {
	group, ok := decl.(*ast.GenDecl)
	if !ok || group.Tok != token.TYPE {
		return
	}
	for _, spec := range group.Specs {
		if s, ok := spec.(*ast.TypeSpec); ok {
			t[s.Name.Name] = s.Type
		}
	}
}

// scope is where the types of one declaration are looked up.
type scope struct {
	*literals
	dir     string
	imports map[string]string // directories of the module's packages, by the name that the file uses
	local   typeTable         // types that the declaration itself declares
}

// find returns the literals of a file that must name their fields.
func (l *literals) find(fset *token.FileSet, name string, file *ast.File) []literal {
	var all []literal
	imports := l.imports(file)
	for _, decl := range file.Decls {
		s := scope{literals: l, dir: path.Dir(name), imports: imports, local: typeTable{}}
		ast.Inspect(decl, func(n ast.Node) bool {
			if d, ok := n.(*ast.DeclStmt); ok {
				s.local.add(d.Decl)
			}
			return true
		})
		ast.Inspect(decl, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok && lit.Type != nil {
				all = append(all, s.check(fset, lit, lit.Type)...)
			}
			return true
		})
	}
	return all
}

func (l *literals) imports(file *ast.File) map[string]string {
	found := map[string]string{}
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		dir, own := strings.CutPrefix(importPath, l.module)
		if !own {
			continue
		}
		name := path.Base(dir)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		found[name] = dir
	}
	return found
}

// check looks at a literal of type t, and at the elements that leave out their
// type because t says it.
func (s scope) check(fset *token.FileSet, lit *ast.CompositeLit, t ast.Expr) []literal {
	switch t := s.resolve(t).(type) {
	case *ast.StructType:
		names := fieldNames(t)
		if len(lit.Elts) >= minKeyedFields && len(lit.Elts) == len(names) && !keyed(lit) {
			return []literal{{at: fset.Position(lit.Lbrace), fields: names, node: lit}}
		}
	case *ast.ArrayType:
		return s.elements(fset, lit, t.Elt, nil)
	case *ast.MapType:
		return s.elements(fset, lit, t.Value, t.Key)
	}
	return nil
}

func (s scope) elements(fset *token.FileSet, lit *ast.CompositeLit, value, key ast.Expr) []literal {
	var all []literal
	look := func(e, t ast.Expr) {
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		if inner, ok := e.(*ast.CompositeLit); ok && inner.Type == nil && t != nil {
			all = append(all, s.check(fset, inner, t)...)
		}
	}
	for _, e := range lit.Elts {
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			look(pair.Key, key)
			e = pair.Value
		}
		look(e, value)
	}
	return all
}

// resolve follows names to a type without a name, nil if it is not known here.
func (s scope) resolve(t ast.Expr) ast.Expr {
	for range 10 { // more than any chain of names here; stops at a cycle
		switch named := t.(type) {
		case *ast.Ident:
			local, ok := s.local[named.Name]
			if !ok {
				local = s.packages[s.dir][named.Name]
			}
			t = local
		case *ast.SelectorExpr:
			pkg, ok := named.X.(*ast.Ident)
			if !ok {
				return nil
			}
			s.dir, s.local = s.imports[pkg.Name], nil
			t = named.Sel
		case *ast.IndexExpr:
			t = named.X
		case *ast.IndexListExpr:
			t = named.X
		case *ast.ParenExpr:
			t = named.X
		default:
			return t
		}
	}
	return nil
}

func fieldNames(t *ast.StructType) []string {
	var names []string
	for _, f := range t.Fields.List {
		for _, n := range f.Names {
			names = append(names, n.Name)
		}
		if len(f.Names) == 0 {
			names = append(names, embeddedName(f.Type))
		}
	}
	return names
}

// embeddedName is the name by which a field without one is known.
func embeddedName(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return embeddedName(t.X)
	case *ast.SelectorExpr:
		return t.Sel.Name
	case *ast.IndexExpr:
		return embeddedName(t.X)
	case *ast.Ident:
		return t.Name
	}
	return "_"
}

func keyed(lit *ast.CompositeLit) bool {
	return slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool {
		_, ok := e.(*ast.KeyValueExpr)
		return ok
	})
}
