// Command check reads deployment files as strictly as those who use them do, and says what is wrong. It makes no
// connection.
//
//	check kubernetes FILE...    against the types of Kubernetes itself: no unknown field, no wrong type
//	check compose FILE ENV      against the schema of Compose; prints the project with its variables filled in, as JSON
package main

import (
	"fmt"
	"os"
)

func main() {
	err := fmt.Errorf("usage: check kubernetes FILE... | check compose FILE ENV")
	switch args := os.Args[1:]; {
	case len(args) > 1 && args[0] == "kubernetes":
		err = kubernetes(args[1:])
	case len(args) == 3 && args[0] == "compose":
		err = compose(args[1], args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
}
