package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/mod/semver"
)

// changelogFile lists what each version changes for its users.
const changelogFile = ".github/CHANGELOG.md"

// heading starts the section of a version.
var heading = regexp.MustCompile(`(?m)^## (v[0-9]\S*) \([0-9]{4}-[0-9]{2}-[0-9]{2}\)$`)

// parseVersion rejects what is not a whole semantic version: semver.org.
func parseVersion(text string) error {
	if !semver.IsValid(text) || semver.Canonical(text) != text {
		return fmt.Errorf("%q is not a semantic version such as v1.2.3 or v1.2.3-rc.1", text)
	}
	return nil
}

// notes returns the section of a version in the changelog. An empty version has none.
func (p *packer) notes(version string) ([]byte, error) {
	if version == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(changelogFile)))
	if err != nil {
		return nil, fmt.Errorf("read the changelog: %w", err)
	}
	section := sectionOf(text, version)
	if section == nil {
		return nil, fmt.Errorf("%s has no section %q: add what this version changes", changelogFile, "## "+version+" (YYYY-MM-DD)")
	}
	return section, nil
}

// sectionOf returns the text below the heading of a version, or nil. A version before a
// release (v1.2.3-rc.1) is in the section of the release.
func sectionOf(changelog []byte, version string) []byte {
	release := strings.TrimSuffix(version, semver.Prerelease(version))
	headings := heading.FindAllSubmatchIndex(changelog, -1)
	for i, h := range headings {
		if name := string(changelog[h[2]:h[3]]); name != version && name != release {
			continue
		}
		end := len(changelog)
		if i+1 < len(headings) {
			end = headings[i+1][0]
		}
		return append(bytes.TrimSpace(changelog[h[1]:end]), '\n')
	}
	return nil
}
