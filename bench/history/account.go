package history

import (
	"fmt"
	"strings"
)

// AccountKind is what was done to or with an account.
type AccountKind string

const (
	SetPassword    AccountKind = "set password"
	DisableAccount AccountKind = "disable"
	EnableAccount  AccountKind = "enable"
	// LogIn with Password; Refused means a wrong password, Closed that the
	// password is right and the account disabled.
	LogIn AccountKind = "log in"
)

// Closed is the outcome of a login with the right password of a disabled account.
const Closed Outcome = "closed"

// AccountOp is one operation on an account; see Op.
type AccountOp struct {
	Kind         AccountKind
	Password     string
	Outcome      Outcome
	Call, Return int64
	By           string
	Seq          int
}

func (o AccountOp) String() string {
	f := Op{Kind: Kind(o.Kind), Outcome: o.Outcome, Call: o.Call, Return: o.Return, Note: o.Password}
	return f.String()
}

// Account is what an account's history begins with.
type Account struct {
	Password string
	Enabled  bool
}

func (a Account) step(o AccountOp) []Account {
	after := a
	switch o.Kind {
	case SetPassword:
		after.Password = o.Password
	case DisableAccount:
		after.Enabled = false
	case EnableAccount:
		after.Enabled = true
	case LogIn:
		truth := OK
		switch {
		case o.Password != a.Password:
			truth = Refused
		case !a.Enabled:
			truth = Closed
		}
		if o.Outcome != Unknown && o.Outcome != truth {
			return nil
		}
		return []Account{a}
	}
	switch o.Outcome {
	case OK:
		return []Account{after}
	case Unknown:
		return []Account{a, after}
	}
	return []Account{a}
}

// AccountText is a whole history, one operation a line.
func AccountText(begin Account, ops []AccountOp) string {
	var b strings.Builder
	fmt.Fprintf(&b, "account with password %q enabled %v\n", begin.Password, begin.Enabled)
	for _, o := range ops {
		fmt.Fprintf(&b, "  %s\n", o)
	}
	return b.String()
}
