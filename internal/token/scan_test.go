package token_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-a6a28e10/usher/internal/token"
)

func TestScanner(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{}`: true, ` { } `: true, "\t\r\n{\"a\":1}\n": true, `{"a":{"b":[1,2,{"c":null}]}}`: true,
		`{"a":0,"b":-0,"c":1.5e+10,"d":-1E-2,"e":123456789012345678901234567890}`: true,
		`{"a":"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é😀"}`:                            true, `{"":1}`: true, `{"a":1,"A":2}`: true,
		``: false, ` `: false, `[]`: false, `1`: false, `"a"`: false, `{`: false, `}`: false, `{}}`: false, `{}{}`: false, `{},`: false,
		`{"a"}`: false, `{"a":}`: false, `{"a":1,}`: false, `{,"a":1}`: false, `{"a":1 "b":2}`: false, `{a:1}`: false, `{'a':1}`: false,
		`{"a":01}`: false, `{"a":+1}`: false, `{"a":.5}`: false, `{"a":1.}`: false, `{"a":1e}`: false, `{"a":1e+}`: false, `{"a":-}`: false,
		`{"a":0x1}`: false, `{"a":NaN}`: false, `{"a":Infinity}`: false, `{"a":tru}`: false, `{"a":TRUE}`: false, `{"a":nulll}`: false,
		`{"a":"`: false, `{"a":"\`: false, `{"a":"\x"}`: false, `{"a":"\u12"}`: false, `{"a":"\u12g4"}`: false, "{\"a\":\"\n\"}": false,
		`{"a":"\ud800"}`: false, `{"a":"\udc00"}`: false, `{"a":"\ud800\u0041"}`: false, `{"a":"\ud800x"}`: false, "{\"a\":\"\xff\"}": false,
		`{"a":1,"a":1}`: false, `{"a":1,"\u0061":1}`: false, `{"x":{"a":1,"a":1}}`: false, `{"x":[{"a":1},{"a":1}]}`: true,
		`{"x":{"a":1},"y":{"a":1},"a":1}`: true, `{"a":[1,]}`: false, `{"a":[,1]}`: false, `{"a":[1 2]}`: false, `{"a":[1}`: false,
		`{"a":1}//`: false, `{/**/"a":1}`: false, "\ufeff{}": false, "{\x00}": false, `{"a":1}` + "\x00": false, "{\u00a0}": false,
		nested(15): true, nested(16): false, `{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`: true,
		`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`: false, `{"a":` + strings.Repeat("[", 100000): false,
	} {
		if got := token.ValidObject(text); got != want {
			t.Errorf("%.80q: %v, want %v", text, got, want)
		}
		if want && !json.Valid([]byte(text)) {
			t.Errorf("%.80q: encoding/json disagrees", text)
		}
	}
}

// nested is an object with n objects inside one another.
func nested(n int) string { return strings.Repeat(`{"a":`, n) + "{}" + strings.Repeat("}", n) }

func TestDuplicatesAmongManyMembers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 15, 16, 17, 18, 40, 500} {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"m%d":{"m0":%d}`, i, i))
		}
		text := "{" + strings.Join(list, ",") + "}"
		if !token.ValidObject(text) {
			t.Errorf("%d members are refused", n)
		}
		for _, i := range []int{0, n / 2, n - 1} {
			if token.ValidObject(strings.TrimSuffix(text, "}") + fmt.Sprintf(`,"m%d":0}`, i)) {
				t.Errorf("member %d of %d twice is accepted", i, n)
			}
		}
	}
}

// What the scanner takes, encoding/json takes; what encoding/json writes, the
// scanner takes.
func TestScannerAgainstTheStandardLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOf(rapid.String(), rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Int64(), func(n int64) any { return n }),
			rapid.Map(rapid.Float64Range(-1e9, 1e9), func(n float64) any { return n }), rapid.Map(rapid.SliceOf(rapid.String()), func(l []string) any { return l }),
			rapid.Map(rapid.MapOf(rapid.String(), rapid.Bool()), func(m map[string]bool) any { return m }),
		)).Draw(t, "object")
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if !token.ValidObject(string(text)) {
			t.Fatalf("refused: %s", text)
		}
		if len(text) > 2 {
			at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			text[at] = rapid.Byte().Draw(t, "byte")
		}
		if token.ValidObject(string(text)) && !json.Valid(text) {
			t.Fatalf("accepted, and no JSON: %s", text)
		}
	})
}
