// Package must ends a program that does not find what it has to.
package must

import (
	"fmt"
	"os"
)

// Succeed ends the program with an error, if there is one.
func Succeed(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Hold ends the program where something is not so, which the format says.
func Hold(ok bool, format string, args ...any) {
	if !ok {
		Succeed(fmt.Errorf(format, args...))
	}
}
