package history

import (
	"errors"
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

// at is an operation between two moments in ms.
func at(call, ret int64, o Op) Op {
	o.Call, o.Return = 1e18+call*ms, 1e18+ret*ms
	return o
}

func tok(gen int64, id string) Token { return Token{gen, id} }

func refreshed(from, to Token) Op { return Op{Kind: Refresh, Outcome: OK, Token: from, Next: to} }
func refused(from Token) Op       { return Op{Kind: Refresh, Outcome: Refused, Token: from} }
func unknown(from Token) Op       { return Op{Kind: Refresh, Outcome: Unknown, Token: from} }
func ask(k Kind, t Token, o Outcome) Op {
	return Op{Kind: k, Outcome: o, Token: t, IssuedAt: 1e9}
}

var (
	a, b, b2, c, d = tok(0, "a"), tok(1, "b"), tok(1, "b2"), tok(2, "c"), tok(3, "d")
	loggedIn       = at(0, 1, Op{Kind: Login, Outcome: OK, Next: a})
	logout         = Op{Kind: End, Outcome: OK}
	ten            = Family{ID: "ten", Rotating: true, Window: 10 * time.Second}
	none           = Family{ID: "none", Rotating: true}
	untilUsed      = Family{ID: "until used", Rotating: true, UntilUsed: true}
	reusable       = Family{ID: "reusable"}
)

type historyCase struct {
	family Family
	ops    []Op
}

func TestPossibleHistories(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]historyCase{
		"rotation":            {ten, []Op{at(2, 3, refreshed(a, b)), at(4, 5, refreshed(b, c))}},
		"two converge":        {ten, []Op{at(2, 5, refreshed(a, b)), at(3, 6, refreshed(a, b))}},
		"late one converges":  {ten, []Op{at(2, 3, refreshed(a, b)), at(4, 5, refreshed(b, c)), at(6, 7, refreshed(a, c))}},
		"lost before":         {ten, []Op{at(2, 9, unknown(a)), at(10, 11, refreshed(a, b))}},
		"lost after":          {ten, []Op{at(2, 9, unknown(a)), at(10, 11, refreshed(a, b)), at(12, 13, refreshed(b, c))}},
		"recovered":           {none, []Op{at(2, 9, unknown(a)), at(10, 11, refreshed(a, c)), at(12, 13, refreshed(c, d))}},
		"recovered or used":   {none, []Op{at(2, 3, refreshed(a, b)), at(4, 5, ask(AskAccess, b, OK)), at(6, 7, refreshed(a, c))}},
		"confirmed":           {none, []Op{at(2, 3, refreshed(a, b)), at(4, 5, ask(CallAPI, b, OK)), at(6, 7, refused(a))}},
		"until used":          {untilUsed, []Op{at(2, 3, refreshed(a, b)), at(4, 5, ask(AskAccess, b, OK)), at(6, 7, refreshed(a, c))}},
		"window over":         {ten, []Op{at(2, 3, refreshed(a, b)), at(20_000, 20_001, refreshed(a, c))}},
		"at the window's end": {ten, []Op{at(2, 9, refreshed(a, b)), at(10_001, 10_009, refreshed(a, b))}},
		"theft":               {none, []Op{at(2, 3, refreshed(a, b)), at(4, 5, refreshed(b, c)), at(6, 7, refused(a)), at(8, 9, refused(c))}},
		"logout":              {ten, []Op{at(2, 3, logout), at(4, 5, refused(a)), at(6, 7, ask(AskAccess, a, Refused)), at(8, 9, ask(CallAPI, a, Refused))}},
		"refresh and logout":  {ten, []Op{at(2, 9, refreshed(a, b)), at(3, 8, logout), at(10, 11, refused(b))}},
		"lost logout":         {ten, []Op{at(2, 9, Op{Kind: End, Outcome: Unknown}), at(10, 11, refreshed(a, b)), at(12, 13, ask(CallAPI, b, OK))}},
		"lost logout held":    {ten, []Op{at(2, 9, Op{Kind: End, Outcome: Unknown}), at(10, 11, refused(a)), at(12, 13, ask(CallAPI, a, Refused))}},
		"disabled":            {ten, []Op{at(2, 3, Op{Kind: Disable, Outcome: OK}), at(4, 5, refused(a)), at(6, 7, Op{Kind: Enable, Outcome: OK}), at(8, 9, refreshed(a, b))}},
		"reusable":            {reusable, []Op{at(2, 3, refreshed(a, tok(0, "x"))), at(4, 5, refreshed(a, tok(0, "y"))), at(6, 7, ask(AskRefresh, a, OK))}},
		"revoked access":      {ten, []Op{at(2, 3, ask(RevokeAccess, a, OK)), at(4, 5, ask(AskAccess, a, Refused)), at(6, 7, refreshed(a, b))}},
		"rotated out":         {ten, []Op{at(2, 3, refreshed(a, b)), at(4, 5, ask(AskRefresh, a, Refused)), at(6, 7, ask(AskRefresh, b, OK))}},
	} {
		l := Log{Family: h.family}
		l.Add(append([]Op{loggedIn}, h.ops...)...)
		if err := Check(&l); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWrongHistoriesAreRefused proves that the check can fail, once for each
// promise.
func TestWrongHistoriesAreRefused(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]historyCase{
		"acknowledged rotation lost":            {ten, []Op{at(2, 3, refreshed(a, b)), at(4, 5, refreshed(a, b2)), at(6, 7, refreshed(b2, c))}},
		"newest token refused":                  {ten, []Op{at(2, 3, refreshed(a, b)), at(4, 5, refused(b))}},
		"honest retry logged out":               {ten, []Op{at(2, 9, unknown(a)), at(10, 11, refused(a))}},
		"honest retry after the window refused": {none, []Op{at(2, 9, unknown(a)), at(10, 11, refused(a))}},
		"until used was not kept":               {untilUsed, []Op{at(2, 3, refreshed(a, b)), at(4, 5, ask(AskAccess, b, OK)), at(6, 7, refused(a))}},
		"two tokens of one generation":          {ten, []Op{at(2, 5, refreshed(a, b)), at(3, 6, refreshed(a, b2))}},
		"a fork":                                {none, []Op{at(2, 3, refreshed(a, b)), at(4, 5, refreshed(b, c)), at(6, 7, refreshed(a, d))}},
		"theft not noticed":                     {none, []Op{at(2, 3, refreshed(a, b)), at(4, 5, refreshed(b, c)), at(6, 7, refused(a)), at(8, 9, refreshed(c, d))}},
		"theft without a thief":                 {ten, []Op{at(2, 3, refreshed(a, b)), at(4, 5, refreshed(b, c)), at(6, 7, refused(a))}},
		"window moved by use":                   {ten, []Op{at(2, 3, refreshed(a, b)), at(9_000, 9_001, refreshed(a, b)), at(18_000, 18_001, refreshed(a, b))}},
		"refreshed after logout":                {ten, []Op{at(2, 3, logout), at(4, 5, refreshed(a, b))}},
		"lost logout came back":                 {ten, []Op{at(2, 9, Op{Kind: End, Outcome: Unknown}), at(10, 11, refused(a)), at(12, 13, refreshed(a, b))}},
		"active after logout":                   {ten, []Op{at(2, 3, logout), at(4, 5, ask(AskAccess, a, OK))}},
		"API after logout":                      {ten, []Op{at(2, 3, logout), at(4, 5, ask(CallAPI, a, OK))}},
		"API refuses for nothing":               {ten, []Op{at(4, 5, ask(CallAPI, a, Refused))}},
		"API after theft":                       {none, []Op{at(2, 3, refreshed(a, b)), at(4, 5, refreshed(b, c)), at(6, 7, Op{Kind: Refresh, Outcome: Refused, Token: a, Theft: true}), at(8, 9, ask(CallAPI, c, OK))}},
		"revoked access token active":           {ten, []Op{at(2, 3, ask(RevokeAccess, a, OK)), at(4, 5, ask(AskAccess, a, OK))}},
		"revoked access token at the API":       {ten, []Op{at(2, 3, ask(RevokeAccess, a, OK)), at(4, 5, ask(CallAPI, a, OK))}},
		"superseded token active":               {ten, []Op{at(2, 3, refreshed(a, b)), at(4, 5, ask(AskRefresh, a, OK))}},
		"disabled user refreshed":               {ten, []Op{at(2, 3, Op{Kind: Disable, Outcome: OK}), at(4, 5, refreshed(a, b))}},
		"disabled user at the API":              {ten, []Op{at(2, 3, Op{Kind: Disable, Outcome: OK}), at(4, 5, ask(CallAPI, a, OK))}},
		"enabled user refused":                  {ten, []Op{at(2, 3, Op{Kind: Disable, Outcome: OK}), at(4, 5, Op{Kind: Enable, Outcome: OK}), at(6, 7, refused(a))}},
		"reusable after logout":                 {reusable, []Op{at(2, 3, logout), at(4, 5, refreshed(a, tok(0, "x")))}},
		"reusable refused":                      {reusable, []Op{at(2, 3, refused(a))}},
		"four recoveries": {none, []Op{at(2, 3, refreshed(a, b)), at(4, 5, refreshed(a, c)), at(6, 7, refreshed(a, d)),
			at(8, 9, refreshed(a, tok(4, "e"))), at(10, 11, refreshed(a, tok(5, "f")))}},
	} {
		l := Log{Family: h.family}
		l.Add(append([]Op{loggedIn}, h.ops...)...)
		if err := Check(&l); !errors.Is(err, ErrImpossible) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnknownOutcomeEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	l := Log{Family: ten}
	lost := at(2, 0, unknown(a))
	lost.Return = 0
	l.Add(loggedIn, lost)
	l.Settle(1e18 + 9*ms)
	// Had it happened it would have been before 9 ms, so a window opened then.
	l.Add(at(11_000, 11_001, refreshed(a, c)))
	if err := Check(&l); err != nil {
		t.Error(err)
	}
	late := Log{Family: ten}
	late.Add(loggedIn, lost)
	late.Settle(1e18 + 9*ms)
	late.Add(at(11_000, 11_001, refreshed(a, b)), at(11_002, 11_003, refreshed(b, c)), at(30_000, 30_001, refreshed(a, c)))
	if err := Check(&late); !errors.Is(err, ErrImpossible) {
		t.Errorf("a window of 10 s was open for 19: %v", err)
	}
}

func login(password string, o Outcome) AccountOp {
	return AccountOp{Kind: LogIn, Password: password, Outcome: o}
}

func set(password string, o Outcome) AccountOp {
	return AccountOp{Kind: SetPassword, Password: password, Outcome: o}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ok  bool
		ops []AccountOp
	}{
		"changed":               {true, []AccountOp{set("new", OK), login("old", Refused), login("new", OK)}},
		"lost, not there":       {true, []AccountOp{set("new", Unknown), login("old", OK), login("new", Refused)}},
		"lost, there":           {true, []AccountOp{set("new", Unknown), login("new", OK), login("old", Refused)}},
		"closed":                {true, []AccountOp{{Kind: DisableAccount, Outcome: OK}, login("old", Closed), {Kind: EnableAccount, Outcome: OK}, login("old", OK)}},
		"old password lives":    {false, []AccountOp{set("new", OK), login("old", OK)}},
		"new password refused":  {false, []AccountOp{set("new", OK), login("new", Refused)}},
		"both passwords":        {false, []AccountOp{set("new", Unknown), login("new", OK), login("old", OK)}},
		"neither password":      {false, []AccountOp{set("new", Unknown), login("new", Refused), login("old", Refused)}},
		"disabled but let in":   {false, []AccountOp{{Kind: DisableAccount, Outcome: OK}, login("old", OK)}},
		"wrong password closed": {false, []AccountOp{{Kind: DisableAccount, Outcome: OK}, login("guess", Closed)}},
	} {
		for i := range tc.ops {
			tc.ops[i].Call, tc.ops[i].Return = int64(10*i), int64(10*i+5)
		}
		if err := CheckAccount(Account{"old", true}, tc.ops); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
