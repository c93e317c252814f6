package main

import (
	"cmp"
	"fmt"
)

// provenance states how the artifacts of a release were built, as SLSA's provenance v1
// in an in-toto statement: slsa.dev/spec/v1.0/provenance. A signature over it is made
// elsewhere.
type provenance struct {
	Type          string              `json:"_type"`
	Subject       []subject           `json:"subject"`
	PredicateType string              `json:"predicateType"`
	Predicate     provenancePredicate `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

type provenancePredicate struct {
	BuildDefinition buildDefinition `json:"buildDefinition"`
	RunDetails      runDetails      `json:"runDetails"`
}

type buildDefinition struct {
	BuildType            string             `json:"buildType"`
	ExternalParameters   map[string]any     `json:"externalParameters"`
	InternalParameters   map[string]any     `json:"internalParameters"`
	ResolvedDependencies []resourceDocument `json:"resolvedDependencies"`
}

type resourceDocument struct {
	URI         string            `json:"uri"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]any    `json:"annotations,omitempty"`
}

type runDetails struct {
	Builder  map[string]string `json:"builder"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// newProvenance describes a build. env has GitHub's variables in a workflow:
// docs.github.com/actions/reference/variables-reference.
func newProvenance(p *packer, s settings, version string, from source, all []artifact, env func(string) string) provenance {
	repository := "https://" + p.module
	statement := provenance{Type: "https://in-toto.io/Statement/v1", PredicateType: "https://slsa.dev/provenance/v1"}
	for _, a := range all {
		statement.Subject = append(statement.Subject, subject{a.name, map[string]string{"sha256": a.digest}})
	}
	built := resourceDocument{URI: "git+" + repository, Annotations: map[string]any{"modified": from.modified}}
	if from.commit != "" {
		built.Digest = map[string]string{"gitCommit": from.commit}
	}
	statement.Predicate = provenancePredicate{
		BuildDefinition: buildDefinition{
			BuildType:            repository + "/scripts/package@v1",
			ExternalParameters:   map[string]any{"version": version, "programs": fmt.Sprint(s.programs), "functions": s.only},
			InternalParameters:   map[string]any{"buildEnvironment": buildEnvironment},
			ResolvedDependencies: []resourceDocument{built, {URI: "pkg:golang/toolchain@" + p.release}},
		},
		RunDetails: runDetails{Builder: map[string]string{"id": builder(repository, env)}},
	}
	if id := env("GITHUB_RUN_ID"); id != "" {
		statement.Predicate.RunDetails.Metadata = map[string]string{
			"invocationId": env("GITHUB_SERVER_URL") + "/" + env("GITHUB_REPOSITORY") + "/actions/runs/" + id + "/attempts/" + cmp.Or(env("GITHUB_RUN_ATTEMPT"), "1"),
		}
	}
	return statement
}

// builder identifies who built: the workflow, or a person's machine, which nobody should
// trust.
func builder(repository string, env func(string) string) string {
	if workflow := env("GITHUB_WORKFLOW_REF"); workflow != "" {
		return env("GITHUB_SERVER_URL") + "/" + workflow
	}
	return repository + "/scripts/package@local"
}
