// k9s as it is, pinned by go.sum.
package main

import "github.com/derailed/k9s/cmd"

func main() { cmd.Execute() }
