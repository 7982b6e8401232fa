package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/internal/assets"
)

func (w *world) assetsCommand() *cobra.Command {
	var long strings.Builder
	long.WriteString("Print a file for operating Usher on standard output:\n\n")
	c := &cobra.Command{
		Use:   "assets",
		Short: "Print dashboard, alert rules, units and container file",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	for _, a := range assets.All() {
		fmt.Fprintf(&long, "  %-10s %s (%s)\n", a.Name, a.Help, a.File)
		c.AddCommand(&cobra.Command{
			Use: a.Name, Short: "Print " + a.File + ": " + a.Help, Args: cobra.NoArgs,
			Example: "  usher assets " + a.Name + " > " + a.File,
			RunE: func(*cobra.Command, []string) error {
				_, err := w.stdout.Write(assets.Read(a))
				return err
			},
		})
	}
	c.Long = strings.TrimSuffix(long.String(), "\n")
	return c
}
