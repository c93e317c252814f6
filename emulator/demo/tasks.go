package demo

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
)

// BulkBytes is the size of the task collect-logs's output in the demonstration.
const BulkBytes = 256 << 20

// RunTask executes a task in this process and returns its exit code. Args are the
// task's name and arguments. The tasks inspect the machine that they run on.
func RunTask(args []string) int {
	switch name := args[0]; {
	case name == "host-report" && len(args) == 1:
		return hostReport(os.Stdout)
	case name == "name-lookup" && len(args) == 1:
		return nameLookup(os.Stdout)
	case name == "port-check" && len(args) == 2:
		return portCheck(os.Stdout, args[1])
	case name == "collect-logs" && len(args) == 2:
		if n, err := strconv.Atoi(args[1]); err == nil {
			return collectLogs(os.Stdout, n)
		}
	}
	fmt.Fprintf(os.Stderr, "no task is named %q\n", args)
	return 127
}

func hostReport(w io.Writer) int {
	host, err := os.Hostname()
	if err != nil {
		fmt.Fprintln(w, "the host name cannot be read:", err)
		return 1
	}
	fmt.Fprintf(w, "host %s, %s/%s, %d CPUs, %s\n", host, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		fmt.Fprintln(w, "addresses:", err)
	}
	for _, a := range addresses {
		fmt.Fprintln(w, "address", a)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			fmt.Fprintln(w, "built with", m.Path, m.Version)
		}
	}
	return writeLine(w, "report.jsonl", map[string]any{"obj": []string{host, runtime.GOOS, runtime.GOARCH}, "fmt": "table", "taskName": "host-report"})
}

// writeLine writes a file of one line to the directory that the runner collects.
func writeLine(w io.Writer, name string, line map[string]any) int {
	dir := os.Getenv("STRONGROOM_OUTPUT_DIR")
	if dir == "" {
		return 0
	}
	text, err := json.Marshal(line)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), append(text, '\n'), 0o600)
	}
	if err != nil {
		fmt.Fprintln(w, "write "+name+":", err)
		return 1
	}
	return 0
}

func nameLookup(w io.Writer) int {
	began := time.Now()
	addresses, err := net.LookupHost("localhost")
	if err != nil {
		fmt.Fprintln(w, "localhost cannot be resolved:", err)
		return 1
	}
	fmt.Fprintf(w, "localhost is %v, resolved in %s\n", addresses, time.Since(began).Round(time.Microsecond))
	return 0
}

// portCheck checks whether a service answers at an address. It reports a sample and, if
// there is no answer, an issue with next steps.
func portCheck(w io.Writer, address string) int {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		_ = connection.Close()
		fmt.Fprintf(w, "the service answers at %s\n", address)
		return writeLine(w, "samples.jsonl", map[string]any{"sli": "shop-up", "value": 1})
	}
	fmt.Fprintln(w, "the service does not answer:", err)
	writeLine(w, "samples.jsonl", map[string]any{"sli": "shop-up", "value": 0})
	writeLine(w, "issues.jsonl", map[string]any{
		"severity": 2, "title": "The shop does not answer at " + address, "expected": "an open port", "actual": err.Error(),
		"reproduceHint": "nc -z " + address, "nextSteps": "Fetch the logs of the shop's deployment\nRestart the deployment",
		"taskName": "port-check", "observedAt": time.Now().UTC().Format(time.RFC3339),
	})
	return 3
}

// collectLogs writes total bytes of log lines.
func collectLogs(w io.Writer, total int) int {
	out := bufio.NewWriterSize(w, 1<<20)
	began := time.Now()
	for n, written := 0, 0; written < total; n++ {
		line := fmt.Appendf(nil, "%s level=info worker=%03d request=%08d took=%dus status=200\n",
			began.Add(time.Duration(n)*time.Millisecond).Format(time.RFC3339Nano), n%128, n, n*7919%50000)
		line = line[:min(len(line), total-written)]
		if _, err := out.Write(line); err != nil {
			return 1
		}
		written += len(line)
	}
	if err := out.Flush(); err != nil {
		return 1
	}
	return 0
}
