// Package configreview reviews a directory with a configuration before anything of it is
// uploaded: which files and fields leave, what differs from the configuration in effect,
// and what looks like a secret.
//
// A file named .strongroomignore, in any directory, excludes files with the patterns of
// gitignore. So does .gitignore, because git does not commit those files either.
//
// A file named .strongroomwaivers, in the reviewed directory itself, accepts findings. It is
// a list in YAML, and becomes part of the review:
//
//   - rule: email
//     reason: the address of a team
//   - rule: aws-access-key
//     path: slxs/api/slx.yaml
//     line: 6
//     reason: the example key of AWS's documentation
//
// A waiver of a secret names its path and its line. Other waivers may leave them out.
package configreview
