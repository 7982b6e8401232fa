package rig

import (
	"os/exec"
	"strings"
)

// Commit names what is tested; "" outside of a repository.
func Commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--exclude", "*").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
