// Bundle writes the console's script and style sheet, which functions/console embeds:
//
//	go run ./scripts/bundle
//
// The result is committed, so a fresh clone needs neither this program nor Node.
// `go run ./scripts/bundle -check` compares it with its sources.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/strongroom-dev/strongroom/scripts/bundle/console"
)

func main() {
	check := flag.Bool("check", false, "compare the committed bundle with its sources, and write nothing")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	if !check {
		return console.Write(".")
	}
	wrong, err := console.Differences(".")
	for _, sentence := range wrong {
		fmt.Println(sentence)
	}
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("%d files differ", len(wrong))
	}
	return err
}
