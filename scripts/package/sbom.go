package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const sbomName = "sbom.spdx.json"

// sbom is a list of what is in the artifacts of a release, as SPDX 2.3 writes it:
// spdx.github.io/spdx-spec/v2.3.
type sbom struct {
	SPDXVersion       string             `json:"spdxVersion"`
	DataLicense       string             `json:"dataLicense"`
	SPDXID            string             `json:"SPDXID"`
	Name              string             `json:"name"`
	DocumentNamespace string             `json:"documentNamespace"`
	CreationInfo      sbomCreation       `json:"creationInfo"`
	Packages          []sbomPackage      `json:"packages"`
	Relationships     []sbomRelationship `json:"relationships"`
}

type sbomCreation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type sbomPackage struct {
	SPDXID           string          `json:"SPDXID"`
	Name             string          `json:"name"`
	VersionInfo      string          `json:"versionInfo"`
	FileName         string          `json:"packageFileName,omitempty"`
	DownloadLocation string          `json:"downloadLocation"`
	FilesAnalyzed    bool            `json:"filesAnalyzed"`
	LicenseConcluded string          `json:"licenseConcluded"`
	LicenseDeclared  string          `json:"licenseDeclared"`
	CopyrightText    string          `json:"copyrightText"`
	Checksums        []sbomChecksum  `json:"checksums,omitempty"`
	ExternalRefs     []sbomReference `json:"externalRefs,omitempty"`
}

type sbomChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type sbomReference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type sbomRelationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

const (
	documentID = "SPDXRef-DOCUMENT"
	unknown    = "NOASSERTION"
)

// newSBOM lists the artifacts, and for each the modules and the standard library that
// are in it.
func newSBOM(p *packer, version string, from source, all []artifact) sbom {
	s := sbom{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: documentID, Name: "strongroom " + version,
		DocumentNamespace: "https://" + p.module + "/spdx/" + cmp.Or(from.commit, version),
		CreationInfo:      sbomCreation{Created: from.time.Format(time.RFC3339), Creators: []string{"Tool: " + p.module + "/scripts/package"}},
	}
	modules := map[string]sbomPackage{}
	for _, a := range all {
		id := spdxID("artifact", a.name)
		s.Packages = append(s.Packages, sbomPackage{
			SPDXID: id, Name: a.name, VersionInfo: version, FileName: a.name, DownloadLocation: unknown, LicenseConcluded: unknown,
			LicenseDeclared: "Apache-2.0", CopyrightText: unknown, Checksums: []sbomChecksum{{"SHA256", a.digest}},
		})
		s.relate(documentID, "DESCRIBES", id)
		contents := maps.Clone(a.modules)
		if contents == nil {
			contents = map[string]string{}
		}
		contents["stdlib"] = strings.TrimPrefix(p.release, "go")
		for _, path := range slices.Sorted(maps.Keys(contents)) {
			module := modulePackage(path, contents[path])
			modules[module.SPDXID] = module
			s.relate(id, "CONTAINS", module.SPDXID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(modules)) {
		s.Packages = append(s.Packages, modules[id])
	}
	return s
}

func (s *sbom) relate(element, kind, related string) {
	s.Relationships = append(s.Relationships, sbomRelationship{element, kind, related})
}

// modulePackage describes a module, with its package URL: github.com/package-url/purl-spec.
func modulePackage(path, version string) sbomPackage {
	return sbomPackage{
		SPDXID: spdxID("module", path+"@"+version), Name: path, VersionInfo: version, DownloadLocation: unknown,
		LicenseConcluded: unknown, LicenseDeclared: unknown, CopyrightText: unknown,
		ExternalRefs: []sbomReference{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")}},
	}
}

// spdxID is an identifier of letters, digits, dots and hyphens. Different names have
// different identifiers.
func spdxID(kind, name string) string {
	id := "SPDXRef-" + kind + "-"
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.':
			id += string(r)
		default:
			id += fmt.Sprintf("-%x-", r)
		}
	}
	return id
}
