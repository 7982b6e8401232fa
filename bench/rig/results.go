package rig

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// AppendResult adds a run to a file of results, a JSON object a line.
func AppendResult(file string, run any) error {
	b, err := json.Marshal(run)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Close())
}

// ReadResults reads what AppendResult wrote.
func ReadResults[T any](file string) ([]T, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []T
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var run T
		if err := json.Unmarshal(lines.Bytes(), &run); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, run)
	}
	return all, lines.Err()
}
