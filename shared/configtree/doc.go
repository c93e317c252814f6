// Package configtree defines what a workspace's configuration may be: a tree of
// small YAML files, and the digest by which a review names one exact tree.
//
// The digest of a tree is the SHA-256 of this text, in ASCII:
//
//	strongroom-config-tree/v1
//	100644 <SHA-256 of the content, 64 hexadecimal digits> <size in bytes> <path>
//	…
//
// There is one line for each file. Lines are sorted by the bytes of the path, and
// each line ends with a newline. Every file has the mode 100644. A path has no
// spaces and no newlines, so two different trees have different texts.
//
// A tree has these limits:
//
//	files             20,000
//	bytes             32 MiB
//	bytes of a file   1 MiB
//	bytes of a path   400
//	directories       8, one in another
//
// A path has the characters A-Z a-z 0-9 . _ - only. No two paths differ only in
// case, because some file systems cannot store both. A name that starts with a dot
// is refused, except .strongroomignore, .strongroomwaivers and .gitignore.
//
// A file is YAML (.yaml, .yml) or a text (.md, and the three names above). A YAML
// document has the apiVersion runwhen.com/v1 and one of the kinds in Kinds. It has
// no anchors and no aliases, so a small file cannot expand to a large one.
package configtree
