// Testreport reads what the tests of the long suites wrote as JSON (go doc test2json) and says how
// they went: which tests are flaky, each with its first failure, then one line for each package,
// and how many tests there were.
//
//	go run ./internal/testreport FILE...           flaky tests and results; exits with 1 if one is red
//	go run ./internal/testreport -flaky FILE...    only the flaky tests
//
// A test is flaky if it failed and passed when it was run once more.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	onlyFlaky := flag.Bool("flaky", false, "say only which tests are flaky")
	flag.Parse()
	red, err := run(flag.Args(), *onlyFlaky, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
	}
	if err != nil || red {
		os.Exit(1)
	}
}

// run writes the report of the files to out and reports whether a test is red, which it does not
// with onlyFlaky: the run itself has said it then.
func run(files []string, onlyFlaky bool, out io.Writer) (red bool, err error) {
	if len(files) == 0 {
		return false, errors.New("no files")
	}
	var all results
	for _, file := range files {
		if err := all.readFile(file); err != nil {
			return false, err
		}
	}
	if err := all.writeFlaky(out); err != nil || onlyFlaky {
		return false, err
	}
	return all.red(), all.writeSummary(out)
}
