package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"sort"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Sources are where values come from, weakest first.
type Sources struct {
	// File is the name of the YAML file, "" for none; FileData its content.
	File     string
	FileData []byte
	// Environ holds the variables that begin with USHER_.
	Environ map[string]string
	// Flags holds the flags that were given, by flag name.
	Flags map[string]string
	// Credentials is the folder of "credential:NAME"; "" for none.
	Credentials string
	// Beside says that who reads the settings is not the service: where it was
	// passed no credentials, files that are some cannot be seen, which is no
	// mistake. Hidden names them.
	Beside bool
}

// Load fills a Config. On mistakes it returns Problems besides the values it
// could read, so that Check can name the remaining ones too.
func Load(s Sources) (Config, Problems) {
	c := Defaults()
	c.Credentials, c.beside = s.Credentials, s.Beside
	var p Problems
	p = append(p, c.file(s)...)
	p = append(p, c.environ(s.Environ)...)
	p = append(p, c.flags(s.Flags)...)
	return c, p
}

func (c *Config) file(s Sources) Problems {
	if s.File == "" {
		return nil
	}
	tree, err := parser.ParseBytes(s.FileData, 0)
	if err != nil {
		return Problems{syntax(s.File, err)}
	}
	var p Problems
	for i, doc := range tree.Docs {
		if i > 0 {
			p = append(p, Problem{Place: place(s.File, doc.GetToken()), Setting: wholeFile, Text: "a second document", Fix: "keep one document in the file"})
			break
		}
		if doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.NullType {
			continue
		}
		values, ok := mapping(doc.Body)
		if !ok {
			return Problems{{Place: place(s.File, doc.Body.GetToken()), Setting: wholeFile, Text: "is not a list of settings", Fix: "write lines such as listen: 127.0.0.1:8080"}}
		}
		for _, v := range values {
			p = append(p, c.fileValue(s.File, v)...)
		}
	}
	return p
}

func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}, true
	}
	return nil, false
}

func (c *Config) fileValue(name string, v *ast.MappingValueNode) Problems {
	key := v.Key.GetToken().Value
	where := place(name, v.Key.GetToken())
	s, ok := byName(key)
	if !ok {
		return Problems{{Place: where, Setting: key, Text: "there is no such setting", Fix: suggest(key, "", settingNames())}}
	}
	value, ok := values(v.Value)
	if !ok || !s.list && len(value) != 1 {
		return Problems{{Place: where, Setting: key, Text: "has the wrong form", Fix: "write e.g. " + s.inFile()}}
	}
	return wrong(where, key, "write e.g. "+s.inFile(), s.apply(c, value, filepath.Dir(name), Origin{"file", where}))
}

// wrong is one problem for each error of a setting's value.
func wrong(where, name, fix string, errs []error) Problems {
	var p Problems
	for _, err := range errs {
		p = append(p, Problem{Place: where, Setting: name, Text: err.Error(), Fix: fix})
	}
	return p
}

// values reads a scalar or a list of scalars as text.
func values(n ast.Node) ([]string, bool) {
	switch v := n.(type) {
	case *ast.SequenceNode:
		out := []string{}
		for _, e := range v.Values {
			s, ok := values(e)
			if !ok || len(s) != 1 {
				return nil, false
			}
			out = append(out, s[0])
		}
		return out, true
	case *ast.LiteralNode:
		return []string{v.Value.Value}, true
	case *ast.StringNode:
		return []string{v.Value}, true
	case ast.ScalarNode:
		if n.Type() == ast.NullType {
			return nil, false
		}
		return []string{n.GetToken().Value}, true
	}
	return nil, false
}

// environ reads the variables. An unknown one is a mistake, unless it was not
// meant for us: a cluster gives every pod variables such as USHER_SERVICE_HOST.
func (c *Config) environ(env map[string]string) Problems {
	var p Problems
	for _, name := range sorted(env) {
		s, ok := find(func(s Setting) bool { return s.Env() == name })
		if !ok {
			if !foreign(name) {
				p = append(p, Problem{Place: "environment", Setting: name, Text: "there is no such setting", Fix: suggest(name, "USHER_", envNames())})
			}
			continue
		}
		p = append(p, wrong("environment", name, "write e.g. "+name+"="+s.example, s.apply(c, split(s, env[name]), "", Origin{"environment", name}))...)
	}
	return p
}

func (c *Config) flags(flags map[string]string) Problems {
	var p Problems
	for _, name := range sorted(flags) {
		s, ok := find(func(s Setting) bool { return s.Flag() == name })
		if !ok {
			continue // not a setting's flag: the command's own
		}
		p = append(p, wrong("flag", "--"+name, "write e.g. --"+name+" "+s.example, s.apply(c, split(s, flags[name]), "", Origin{"flag", "--" + name}))...)
	}
	return p
}

func byName(name string) (Setting, bool) {
	return find(func(s Setting) bool { return s.Name == name })
}

func find(is func(Setting) bool) (Setting, bool) {
	for _, s := range Settings() {
		if is(s) {
			return s, true
		}
	}
	return Setting{}, false
}

func place(file string, t *token.Token) string {
	if t == nil || t.Position == nil {
		return file
	}
	return fmt.Sprintf("%s:%d", file, t.Position.Line)
}

// syntax names the line of a YAML mistake without its drawing.
func syntax(file string, err error) Problem {
	p := Problem{Place: file, Setting: wholeFile, Text: err.Error(), Fix: "correct the YAML"}
	var y yaml.Error
	if errors.As(err, &y) {
		p.Place, p.Text = place(file, y.GetToken()), y.GetMessage()
	}
	return p
}

func sorted(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func settingNames() (out []string) {
	for _, s := range Settings() {
		out = append(out, s.Name)
	}
	return out
}

func envNames() (out []string) {
	for _, s := range Settings() {
		out = append(out, s.Env())
	}
	return out
}
