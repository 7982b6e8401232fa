package main

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// line is a call of a trace on a file of the folder /d; %q of it is escaped as
// strace does.
func line(format string, args ...any) string {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = escaped(s)
		}
	}
	return "7 " + fmt.Sprintf(format, args...) + "\n"
}

func replayed(t *testing.T, lines ...string) *disk {
	t.Helper()
	events, err := readTrace(strings.NewReader(strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	d := newDisk("/d", ignored)
	for _, e := range events {
		if _, err := d.apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

var made = []string{
	line(`mkdirat(AT_FDCWD</>, "%s", 0700) = 0`, "/d"),
	line(`fsync(3<%s>) = 0`, "/"),
	line(`openat(AT_FDCWD</>, "%s", O_RDWR|O_CREAT, 0600) = 4<%s>`, "/d/f", "/d/f"),
	line(`pwrite64(4<%s>, "%s", 3, 0) = 3`, "/d/f", "abc"),
}

func TestWhatACutLeaves(t *testing.T) {
	t.Parallel()
	synced := append(slices.Clone(made), line(`fdatasync(4<%s>) = 0`, "/d/f"), line(`fsync(5<%s>) = 0`, "/d"))
	for name, tc := range map[string]struct {
		lines []string
		loss  loss
		want  map[string]string
	}{
		"nothing synced":         {made[2:], allLost, nil},
		"name not synced":        {made, allLost, map[string]string{"/d": ""}},
		"kept":                   {made, allKept, map[string]string{"/d": "", "/d/f": "abc"}},
		"synced":                 {synced, allLost, map[string]string{"/d": "", "/d/f": "abc"}},
		"content without name":   {append(slices.Clone(made), line(`fdatasync(4<%s>) = 0`, "/d/f")), allLost, map[string]string{"/d": ""}},
		"name without content":   {append(slices.Clone(made), line(`fsync(5<%s>) = 0`, "/d")), allLost, map[string]string{"/d": "", "/d/f": ""}},
		"failed sync":            {append(slices.Clone(synced), line(`pwrite64(4<%s>, "%s", 1, 3) = 1`, "/d/f", "d"), line(`fdatasync(4<%s>) = -1 EIO (Input/output error)`, "/d/f")), allLost, map[string]string{"/d": "", "/d/f": "abc"}},
		"write during the sync":  {append(slices.Clone(synced), line(`fdatasync(4<%s> <unfinished ...>`, "/d/f"), strings.Replace(line(`pwrite64(4<%s>, "%s", 1, 3) = 1`, "/d/f", "d"), "7", "8", 1), "7 <... fdatasync resumed>) = 0\n"), allLost, map[string]string{"/d": "", "/d/f": "abc"}},
		"short write":            {append(slices.Clone(synced), line(`pwrite64(4<%s>, "%s", 3, 3) = 1`, "/d/f", "def")), allKept, map[string]string{"/d": "", "/d/f": "abcd"}},
		"shorter":                {append(slices.Clone(synced), line(`ftruncate(4<%s>, 1) = 0`, "/d/f")), allKept, map[string]string{"/d": "", "/d/f": "a"}},
		"shorter, lost":          {append(slices.Clone(synced), line(`ftruncate(4<%s>, 1) = 0`, "/d/f")), allLost, map[string]string{"/d": "", "/d/f": "abc"}},
		"hole":                   {append(slices.Clone(synced), line(`pwrite64(4<%s>, "%s", 1, 4) = 1`, "/d/f", "e")), allKept, map[string]string{"/d": "", "/d/f": "abc\x00e"}},
		"removed, lost":          {append(slices.Clone(synced), line(`unlink("%s") = 0`, "/d/f")), allLost, map[string]string{"/d": "", "/d/f": "abc"}},
		"removed":                {append(slices.Clone(synced), line(`unlink("%s") = 0`, "/d/f")), allKept, map[string]string{"/d": ""}},
		"renamed":                {append(slices.Clone(synced), line(`renameat(AT_FDCWD</>, "%s", AT_FDCWD</>, "%s") = 0`, "/d/f", "/d/g")), allKept, map[string]string{"/d": "", "/d/g": "abc"}},
		"shared memory, a store": {append(slices.Clone(synced), line(`openat(AT_FDCWD</>, "%s", O_RDWR|O_CREAT, 0600) = 6<%s>`, "/d/f-shm", "/d/f-shm")), allKept, map[string]string{"/d": "", "/d/f": "abc"}},
	} {
		got := replayed(t, tc.lines...).cut(rand.New(rand.NewPCG(1, 1)), tc.loss)
		if !maps.EqualFunc(got, tc.want, func(a []byte, b string) bool { return string(a) == b }) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestTornWritesKeepWholeSectors writes over old content and sees that each
// sector is wholly old or wholly new, and that both happen.
func TestTornWritesKeepWholeSectors(t *testing.T) {
	t.Parallel()
	seen := map[byte]int{}
	for seed := range uint64(50) {
		ch := change{size: -1, offset: 100, data: []byte(strings.Repeat("n", 2000))}
		content := ch.tornOn([]byte(strings.Repeat("o", 3000)), rand.New(rand.NewPCG(seed, 1)))
		for at := 0; at < 2100; at += sector {
			part := content[max(at, 100):min(at+sector, 2100, len(content))]
			if strings.Trim(string(part), string(part[:1])) != "" {
				t.Fatalf("seed %d: sector %d is mixed", seed, at/sector)
			}
			seen[part[0]]++
		}
	}
	if seen['o'] < 50 || seen['n'] < 50 {
		t.Errorf("sectors old and new: %v", seen)
	}
}

func TestWhatIsNotModelledIsRefused(t *testing.T) {
	t.Parallel()
	for _, tail := range []string{
		line(`write(4<%s>, "%s", 1) = 1`, "/d/f", "x"),
		line(`fallocate(4<%s>, 0, 0, 10) = 0`, "/d/f"),
		line(`mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 4<%s>, 0) = 0x7f0000000000`, "/d/f"),
	} {
		events, err := readTrace(strings.NewReader(strings.Join(made, "") + tail))
		if err != nil {
			t.Fatal(err)
		}
		d := newDisk("/d", ignored)
		for _, e := range events {
			if _, err = d.apply(e); err != nil {
				break
			}
		}
		if !errors.Is(err, errNotModelled) {
			t.Errorf("%s: %v", tail, err)
		}
	}
}

func TestPeers(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"TCP:[127.0.0.1:8080->127.0.0.1:40000]":    "40000",
		"UNIX-STREAM:[123->456,\"/d/admin.sock\"]": "456",
		"UNIX-STREAM:[123]":                        "",
		"pipe:[99]":                                "",
		"/d/f":                                     "",
	} {
		if got := peerOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
