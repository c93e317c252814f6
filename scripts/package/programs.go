package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// platform is a system and an architecture, as Go names them.
type platform struct{ system, architecture string }

func (p platform) String() string { return p.system + "/" + p.architecture }

// platforms are those that a release has programs for.
var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// commands are the directories of the programs of a release, by name.
var commands = map[string]string{"strongroom": "./scripts/strongroom", "emulator": "./emulator"}

// programBuild is a program for one platform.
type programBuild struct {
	program string
	on      platform
}

func (b programBuild) String() string { return b.program + "/" + b.on.String() }

// allBuilds are those of a release.
func allBuilds() (all []programBuild) {
	for _, on := range platforms {
		for _, name := range slices.Sorted(maps.Keys(commands)) {
			all = append(all, programBuild{name, on})
		}
	}
	return all
}

// parsePrograms parses the flag -programs: separated by commas, "all", "host", which is
// the machine's own platform, a platform, or a program for a platform.
func parsePrograms(text string) (chosen []programBuild, err error) {
	for name := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		if name == "host" {
			name = runtime.GOOS + "/" + runtime.GOARCH
		}
		known := false
		for _, b := range allBuilds() {
			if name != "all" && name != b.on.String() && name != b.String() {
				continue
			}
			known = true
			if !slices.Contains(chosen, b) {
				chosen = append(chosen, b)
			}
		}
		if !known {
			return nil, fmt.Errorf("there is no platform %q; the platforms are: %s, all, host", name, strings.Trim(fmt.Sprint(platforms), "[]"))
		}
	}
	return chosen, nil
}

// environ is the environment of go for a platform. Programs are built as functions are:
// static, without the machine's paths, and without code that is never called.
func (p platform) environ() []string {
	return goEnviron("GOOS="+p.system, "GOARCH="+p.architecture)
}

// builtProgram is an archive with a program for one platform.
type builtProgram struct {
	artifact
	version string // that go stamped, from the tag of the commit
}

// packProgram builds a program for a platform and archives it with the licenses of its
// modules. The same tree, commit and release of Go produce the same bytes.
func (p *packer) packProgram(ctx context.Context, b programBuild) (builtProgram, []byte, error) {
	name, on := b.program, b.on
	packages, err := list(ctx, p.dir, on.environ(), commands[name])
	if err != nil {
		return builtProgram{}, nil, err
	}
	dir, err := os.MkdirTemp("", "strongroom-program-")
	if err != nil {
		return builtProgram{}, nil, fmt.Errorf("make a directory to work in: %w", err)
	}
	defer os.RemoveAll(dir)
	file := name
	if on.system == "windows" {
		file += ".exe"
	}
	program := filepath.Join(dir, file)
	if _, err := runGo(ctx, p.dir, on.environ(), "build", "-ldflags", buildEnvironment["GOOGLE_GOLDFLAGS"], "-o", program, commands[name]); err != nil {
		return builtProgram{}, nil, err
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return builtProgram{}, nil, fmt.Errorf("read the version of %s: %w", file, err)
	}
	if err := p.copyLicenses(dir, packages); err != nil {
		return builtProgram{}, nil, err
	}
	built := builtProgram{version: info.Main.Version}
	built.name = fmt.Sprintf("%s-%s-%s-%s", name, strings.Trim(info.Main.Version, "()"), on.system, on.architecture)
	content, err := archiveFor(on, dir, file)
	if err != nil {
		return builtProgram{}, nil, err
	}
	built.name += extension(on)
	built.digest, built.modules = digest(content), versions(packages)
	return built, content, nil
}
