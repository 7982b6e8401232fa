package main

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // the driver of the command sql
)

// scriptCommands are our own commands of transcripts:
//
//	code N usher …        run it and expect the exit code N
//	terminal N FILE usher …   the same on a pseudo-terminal; FILE has a line for
//	                      each question: what is asked, =>, what is typed; - is none
//	server NAME ARG…      start usher dev or serve; $NAME_issuer and $NAME_management
//	                      are its addresses
//	end NAME              end it by SIGTERM, cleanly; its log is the output
//	login NAME USER PASSWORD CODE   ask for tokens, expect the HTTP status
//	until PATTERN usher …   run it again and again until its output matches
//	sql DIR STATEMENT     change the database of a data folder that no server has
//	golden FILE WANT      compare after masking ids, times and random values
func scriptCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"code": scriptCode, "terminal": scriptTerminal, "server": scriptServer, "end": scriptEnd, "login": scriptLogin,
		"until": scriptUntil, "sql": scriptSQL, "golden": scriptGolden,
	}
}

func setupScript(env *testscript.Env) error {
	env.Values[serversKey{}] = servers{}
	return nil
}

func need(ts *testscript.TestScript, neg bool, args []string, n int, form string) {
	if neg || len(args) < n {
		ts.Fatalf("say: %s", form)
	}
}

func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "code N usher …")
	checkCode(ts, ts.Exec(args[1], args[2:]...), args[0])
}

func checkCode(ts *testscript.TestScript, err error, want string) {
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != want {
		ts.Fatalf("ended with code %d, not %s", got, want)
	}
}

type serversKey struct{}

type runningServer struct {
	cmd                *exec.Cmd
	said               *buffer
	issuer, management string
}

type servers map[string]*runningServer

// scriptServer waits until the port answers: for the object that dev prints, or
// for the line of the log in which serve says where.
func scriptServer(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "server NAME dev|serve ARG…")
	s := &runningServer{cmd: exec.Command("usher", args[1:]...), said: &buffer{}}
	s.cmd.Dir, s.cmd.Env = ts.MkAbs("."), append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"))
	s.cmd.Stderr = s.said
	out, err := s.cmd.StdoutPipe()
	ts.Check(err)
	if args[1] == "serve" {
		s.cmd.Stderr, s.cmd.Stdout = nil, nil
		out, err = s.cmd.StderrPipe()
		ts.Check(err)
	}
	ts.Check(s.cmd.Start())
	ts.Defer(func() {
		_ = s.cmd.Process.Kill() // it may have ended
		_ = s.cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for s.management == "" {
		if !lines.Scan() {
			ts.Fatalf("%s did not start:\n%s", args[0], s.said)
		}
		_, _ = s.said.Write(append(lines.Bytes(), '\n'))
		s.read(lines.Bytes())
	}
	go func() {
		for lines.Scan() {
			_, _ = s.said.Write(append(lines.Bytes(), '\n'))
		}
	}()
	ts.Setenv(args[0]+"_issuer", s.issuer)
	ts.Setenv(args[0]+"_management", s.management)
	ts.Value(serversKey{}).(servers)[args[0]] = s
}

// read takes the addresses out of a line, if it has them.
func (s *runningServer) read(line []byte) {
	var said struct{ Issuer, Management, Msg, Listen string }
	if err := json.Unmarshal(line, &said); err != nil || said.Management == "" || said.Msg != "" && said.Msg != "listening" {
		return
	}
	s.issuer, s.management = said.Issuer, said.Management
	if said.Listen != "" {
		s.issuer = "http://" + said.Listen + "/auth/realms/platform"
	}
}

func scriptEnd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 1, "end NAME")
	s := ts.Value(serversKey{}).(servers)[args[0]]
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	ts.Check(s.cmd.Wait())
	_, _ = ts.Stdout().Write([]byte(s.said.String()))
}

func scriptLogin(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 4, "login NAME USER PASSWORD CODE")
	s := ts.Value(serversKey{}).(servers)[args[0]]
	answer, err := http.PostForm(s.issuer+"/protocol/openid-connect/token", url.Values{
		"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {args[1]}, "password": {args[2]},
	})
	ts.Check(err)
	defer answer.Body.Close()
	if strconv.Itoa(answer.StatusCode) != args[3] {
		ts.Fatalf("the login was answered %d, not %s", answer.StatusCode, args[3])
	}
}

func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "until PATTERN usher …")
	wanted := regexp.MustCompile(args[0])
	for {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if wanted.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
}

func scriptSQL(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "sql DIR STATEMENT")
	db, err := sql.Open("sqlite", ts.MkAbs(args[0])+"/usher.db")
	ts.Check(err)
	defer db.Close()
	done, err := db.Exec(args[1])
	ts.Check(err)
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		ts.Fatalf("%d rows changed, %v", n, err)
	}
}

// masks name what differs from run to run.
var masks = []struct {
	what *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`"(secret|password|kid)":"[A-Za-z0-9_-]{20,}"`), `"$1":"RANDOM"`},
	{regexp.MustCompile(`(?m)^([A-Z2-7]{26}$|[A-Za-z0-9_-]{43}\b)`), "RANDOM"},
	{regexp.MustCompile(`"(seal|signature|key)":"[A-Za-z0-9_+/=-]{20,}"`), `"$1":"RANDOM"`},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \([a-z0-9 ]+\)`), "TIME"},
	{regexp.MustCompile(`\b1[6-9]\d{11}\b`), "1MS"},
	{regexp.MustCompile(`\b1[6-9]\d{8}\b`), "1S"},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "http://HOST"},
	{regexp.MustCompile(`"from_row":\d+,"to_row":\d+`), `"from_row":N,"to_row":N`},
	{regexp.MustCompile(`(?m)^changed +\d+ +\d+`), "changed  N  N"},
	{regexp.MustCompile(`(?m)^checkpoints +\d+`), "checkpoints  N"},
	{regexp.MustCompile(`"seals":[1-9]`), `"seals":N`},
	{regexp.MustCompile(`(?m)^(process|version|commit) .*`), "$1  BUILD"},
	{regexp.MustCompile(`"pid":\d+`), `"pid":1`},
	{regexp.MustCompile(`"(version|revision)":"[^"]+"`), `"$1":"BUILD"`},
	{regexp.MustCompile(`uid:\d+`), "uid:ME"},
	{regexp.MustCompile(`  +`), "  "},
}

func scriptGolden(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "golden FILE WANT")
	got, want := strings.ReplaceAll(ts.ReadFile(args[0]), ts.MkAbs("."), "WORK"), ts.ReadFile(args[1])
	for _, m := range masks {
		got = m.what.ReplaceAllString(got, m.name)
	}
	if got != want {
		ts.Fatalf("%s is, masked:\n%s\nnot %s:\n%s", args[0], got, args[1], want)
	}
}
