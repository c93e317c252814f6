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

// BulkBytes is what the task collect-logs writes in the demonstration.
const BulkBytes = 256 << 20

// tasks are real, if small: they look at the machine they run on. Each writes
// its output to w and gives its exit code.
var tasks = map[string]func(w io.Writer) int{
	"host-report": hostReport,
	"name-lookup": nameLookup,
	"port-check":  portCheck,
}

// RunTask executes a task in this process, as the demonstration has its own
// program do, and gives the exit code. Args are the task's name and, for
// collect-logs, how many bytes it writes.
func RunTask(args []string) int {
	if len(args) == 2 && args[0] == "collect-logs" {
		n, err := strconv.Atoi(args[1])
		if err == nil {
			return collectLogs(os.Stdout, n)
		}
	}
	if len(args) != 1 || tasks[args[0]] == nil {
		fmt.Fprintf(os.Stderr, "there is no task %q\n", args)
		return 127
	}
	return tasks[args[0]](os.Stdout)
}

func hostReport(w io.Writer) int {
	host, err := os.Hostname()
	if err != nil {
		fmt.Fprintln(w, "the host has no name:", err)
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
	return writeReport(w, map[string]any{"obj": []string{host, runtime.GOOS, runtime.GOARCH}, "fmt": "table", "taskName": "host-report"})
}

// writeReport leaves a report.jsonl where the runner collects files.
func writeReport(w io.Writer, line map[string]any) int {
	dir := os.Getenv("STRONGROOM_OUTPUT_DIR")
	if dir == "" {
		return 0
	}
	text, err := json.Marshal(line)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "report.jsonl"), append(text, '\n'), 0o600)
	}
	if err != nil {
		fmt.Fprintln(w, "write the report:", err)
		return 1
	}
	return 0
}

func nameLookup(w io.Writer) int {
	began := time.Now()
	addresses, err := net.LookupHost("localhost")
	if err != nil {
		fmt.Fprintln(w, "localhost is unknown:", err)
		return 1
	}
	fmt.Fprintf(w, "localhost is %v, found in %s\n", addresses, time.Since(began).Round(time.Microsecond))
	return 0
}

// portCheck fails, as checks do: nothing listens on the port it tries.
func portCheck(w io.Writer) int {
	connection, err := net.DialTimeout("tcp", "127.0.0.1:1", time.Second)
	if err != nil {
		fmt.Fprintln(w, "the service does not answer:", err)
		return 3
	}
	_ = connection.Close()
	fmt.Fprintln(w, "the service answers")
	return 0
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
