package issue

import "strings"

// notRun are the words with which tools say that a task did not run: Robot Framework
// (SKIP, NOT RUN), JUnit and pytest (skipped), Ansible and Tekton (skipped), GitHub
// and GitLab (skipped, canceled before the start).
var notRun = setOf("skip skipped notrun notexecuted notstarted disabled")

// DidNotRun reports whether the line says that its task did not run. Then nobody
// knows whether the issues of the task remain, so the run must not resolve any.
func (s *Sighting) DidNotRun() bool {
	return notRun()[keyLetters(strings.TrimSpace(s.TaskStatus))]
}
