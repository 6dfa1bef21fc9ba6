package main

import (
	_ "embed"
	"fmt"

	"github.com/alecthomas/kong"
)

// notices are the licences of all modules in the binary, which must go with it.
//
//go:embed licences.txt
var notices string

type licencesCommand struct{}

// Run prints the licences of all modules in the binary.
func (licencesCommand) Run(app *kong.Kong) error {
	_, err := fmt.Fprint(app.Stdout, notices)
	return err
}
