package cloudtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// marked is a variable in the environment of all processes that this one starts, and of
// those that they start.
type marked string

const markVariable = "STRONGROOM_TEST_PROCESS"

// markProcesses marks the processes that are started from now on.
func markProcesses() marked {
	id := fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())
	if err := os.Setenv(markVariable, id); err != nil {
		return ""
	}
	return marked(markVariable + "=" + id)
}

// left returns the command lines of the marked processes that have not ended a minute
// after the tests. It knows processes on Linux only.
func (m marked) left() (lines []string) {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if lines = m.running(); len(lines) == 0 || time.Now().After(deadline) {
			return lines
		}
	}
}

// running returns the process ID and the command line of each marked process.
func (m marked) running() (lines []string) {
	environs, _ := filepath.Glob("/proc/[0-9]*/environ") // nil without such a directory
	for _, path := range environs {
		dir := filepath.Dir(path)
		if filepath.Base(dir) == strconv.Itoa(os.Getpid()) {
			continue
		}
		environ, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(environ, []byte(m)) {
			continue // it has ended, or belongs to another user
		}
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		lines = append(lines, filepath.Base(dir)+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
	}
	return lines
}
