// Package slx reads what a configuration says about the SLXs of a workspace: which
// resource each SLX is about, its tags, its tasks, and its SLIs with their objectives.
//
// A configuration is read in two steps, so that no step needs the whole configuration
// in memory:
//
//  1. Elements reads a tree: one Element for each YAML document.
//  2. Build joins the elements of each SLX, and returns the SLXs in the order of their
//     names, and a Directory of them.
//
// Both have limits. What does not fit is left out and counted as omitted.
//
// # Names
//
// Documents have names such as prod--web. The name of the SLX is what follows the last
// "--". Key compares names of SLXs: upper and lower case, and a prefix of the workspace,
// make no difference.
//
// # Tasks
//
// A task of an SLX names its tasks in one of two ways:
//
//   - By a repository and a path: each task of that file. Source.Matches compares it with
//     the source of a task of the catalog.
//   - By titles. A title is a Template: each ${…} in it matches any text.
//
// # An example
//
//	kind: ServiceLevelX                          kind: Runbook
//	metadata: {name: prod--web}                  metadata: {name: prod--web}
//	spec:                                        spec:
//	  alias: Web Deployment                        codeBundle:
//	  additionalContext:                             repoUrl: https://github.com/example/tasks.git
//	    qualified_name: prod/shop/web                pathToRobot: codebundles/deployment/runbook.robot
//	  tags: [{name: team, value: shop}]            configProvided: [{name: NAMESPACE, value: shop}]
//
// The SLX web is about the resource prod/shop/web. It has the tasks of
// codebundles/deployment/runbook.robot. One of these has the name "Check Pods in
// ${NAMESPACE}" in the catalog, so its name here is "Check Pods in shop".
package slx
