package main

import "testing"

func TestShapeRefusesLiteralsWithoutFieldNames(t *testing.T) {
	t.Parallel()
	const declared = "package a\n\nimport \"example.com/m/shared/b\"\n\ntype four struct{ a, b, c, d int }\n\ntype pair[T any] struct {\n\t*four\n\tx, y, z T\n}\n\ntype list []int\n\n"
	const want = ":14: name the fields of this literal: a, b, c, d"
	tests := []struct{ name, text, want string }{
		{"fields that have names", "var v = four{a: 1, b: 2, c: 3, d: 4}", ""},
		{"fields without names", "var v = four{1, 2, 3, 4}", want},
		{"a pointer to a literal", "var v = &four{1, 2, 3, 4}", want},
		{"three fields without names", "var v = struct{ a, b, c int }{1, 2, 3}", ""},
		{"a slice with four elements", "var v = []int{1, 2, 3, 4}", ""},
		{"a named slice with four elements", "var v = list{1, 2, 3, 4}", ""},
		{"the element of a slice", "var v = []four{{1, 2, 3, 4}}", want},
		{"the element of a slice of pointers", "var v = []*four{{1, 2, 3, 4}}", want},
		{"the value of a map", "var v = map[string]four{`x`: {1, 2, 3, 4}}", want},
		{"the key of a map", "var v = map[four]string{{1, 2, 3, 4}: `x`}", want},
		{"the element of an element", "var v = [][]four{{{1, 2, 3, 4}}}", want},
		{"the field of a literal with names", "var v = struct{ f four }{f: four{1, 2, 3, 4}}", want},
		{"a row of a table whose type has no name", "var v = []struct{ a, b, c, d int }{{1, 2, 3, 4}}", want},
		{"a type with a type parameter", "var v = pair[int]{nil, 1, 2, 3}", ":14: name the fields of this literal: four, x, y, z"},
		{"a type that a function declares", "func f() any { type t struct{ a, b, c, d int }; return t{1, 2, 3, 4} }", want},
		{"a type of another package of the module", "var v = b.B{1, 2, 3, 4}", ":14: name the fields of this literal: E, F, G, H"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tree := plant(t, map[string]string{
				"shared/a/a.go": declared + tt.text + "\n",
				"shared/b/b.go": "package b\n\ntype B struct{ E, F, G, H int }\n",
			})
			_, err := checkShape(t.Context(), tree)
			want := tt.want
			if want != "" {
				want = "shared/a/a.go" + want
			}
			if got := text(err); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
