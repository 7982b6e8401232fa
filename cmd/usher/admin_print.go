package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/cli"
)

// pageSize is how much of a list is asked for at once.
const pageSize = 1000

// list reads a list to its end, or up to limit items; 0: all.
func list[T any](ctx context.Context, a *admin, path string, query url.Values, limit int) ([]T, error) {
	q := url.Values{}
	for name, values := range query {
		q[name] = values
	}
	out := []T{}
	for {
		size := pageSize
		if limit > 0 {
			size = min(size, limit-len(out))
		}
		q.Set("limit", strconv.Itoa(size))
		var page api.Page[T]
		if err := a.call(ctx, http.MethodGet, path, q, nil, &page); err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
		if page.Next == "" || limit > 0 && len(out) >= limit {
			return out, nil
		}
		q.Set("after", page.Next)
	}
}

// printList prints items as a table, or as one JSON array with an item on each
// line.
func printList[T any](a *admin, items []T, noun string, head []string, row func(T) []string) error {
	if a.table() {
		if len(items) == 0 {
			fmt.Fprintf(a.stderr, "no %ss\n", noun)
			return nil
		}
		t := cli.Table{Head: head}
		for _, item := range items {
			t.Add(row(item)...)
		}
		return t.Write(a.stdout, a.bold())
	}
	var b bytes.Buffer
	b.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		line, err := plainJSON(item)
		if err != nil {
			return err
		}
		b.Write(line)
	}
	if len(items) > 0 {
		b.WriteByte('\n')
	}
	b.WriteString("]\n")
	_, err := a.stdout.Write(b.Bytes())
	return err
}

// printOne prints an object: its facts, or JSON.
func printOne(a *admin, item any, facts [][2]string) error {
	if a.table() {
		return cli.Facts(a.stdout, facts)
	}
	return printJSON(a, item)
}

func printJSON(a *admin, item any) error {
	line, err := plainJSON(item)
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(append(line, '\n'))
	return err
}

// plainJSON leaves <, > and & as they are: this is no web page.
func plainJSON(item any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(item)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// printSecret shows something made up, this once: on a terminal alone on
// standard output, below what was said on the other; else as a member of the
// answer.
func printSecret(a *admin, said, secret string, answer any) error {
	if !a.table() {
		return printJSON(a, answer)
	}
	a.say("%s", said)
	_, err := fmt.Fprintln(a.stdout, secret)
	return err
}

// order posts an order and tells what came of it.
func (a *admin) order(ctx context.Context, path string, in any, done, already string) error {
	var out api.Done
	if err := a.call(ctx, http.MethodPost, path, nil, in, &out); err != nil {
		return err
	}
	return a.done(out, done, already)
}

func (a *admin) done(out api.Done, done, already string) error {
	if !a.table() {
		return printJSON(a, out)
	}
	if !out.Changed {
		a.say("%s", already)
		return nil
	}
	if out.Sessions > 0 {
		done += fmt.Sprintf("; %s ended", cli.Count(int64(out.Sessions), "session"))
	}
	a.say("%s", done)
	return nil
}
