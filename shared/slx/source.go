package slx

import "strings"

// Source is a file of tasks in a repository.
type Source struct {
	Repository string `json:"repository,omitempty" class:"configuration"` // address, without .git and in lower case
	Path       string `json:"path,omitempty" class:"configuration"`       // with slashes
}

// NewSource returns a source without what makes no difference. It is zero without a path.
func NewSource(repository, path string) Source {
	path = strings.Trim(path, "/")
	if path == "" {
		return Source{}
	}
	repository = strings.ToLower(strings.TrimSuffix(strings.TrimRight(repository, "/"), ".git"))
	if host, rest, ok := strings.Cut(strings.TrimPrefix(repository, "git@"), ":"); ok && strings.HasPrefix(repository, "git@") {
		repository = "https://" + host + "/" + rest
	}
	return Source{Repository: repository, Path: path}
}

// Matches reports whether a task of the catalog is of this file. The catalog has the
// address of a file, such as https://github.com/example/tasks/blob/main/PATH, or only
// its path in the repository.
func (s Source) Matches(source string) bool {
	if s.Path == "" {
		return false
	}
	if !strings.Contains(source, "://") {
		return strings.Trim(source, "/") == s.Path
	}
	if s.Repository == "" {
		return false
	}
	inside, ok := strings.CutPrefix(strings.ToLower(source), s.Repository+"/")
	return ok && strings.HasSuffix("/"+inside, "/"+strings.ToLower(s.Path)) && strings.HasSuffix(source, s.Path)
}

// PathKey returns a key that is equal for each address of a file and its path in a
// repository: its last two elements. Files of different repositories may have one key.
func PathKey(source string) string {
	elements := strings.Split(strings.Trim(source, "/"), "/")
	return strings.Join(elements[max(0, len(elements)-2):], "/")
}

// PathKeys returns each key that an address of this file can have. A file at the root of its
// repository comes after the repository, or after the usual branches.
func (s Source) PathKeys() []string {
	if strings.Contains(s.Path, "/") {
		return []string{PathKey(s.Path)}
	}
	repository := s.Repository[strings.LastIndex(s.Repository, "/")+1:]
	return []string{s.Path, repository + "/" + s.Path, "main/" + s.Path, "master/" + s.Path}
}
