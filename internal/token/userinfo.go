package token

import "github.com/seed-a6a28e10/usher/internal/iam"

// UserInfo is the body of the userinfo endpoint (OpenID Connect Core §5.3): sub
// first, then what the mappers in force say.
func UserInfo(r *Realm, c *iam.Client, u *iam.User, s Scopes) []byte {
	e := r.evaluate(c, u, s, inUserInfo)
	p := payload{b: make([]byte, 0, 512)}
	p.text("sub", u.ID)
	e.tree.write(&p, claimRealmAccess)
	e.tree.write(&p, claimResourceAccess)
	e.tree.writeOthers(&p)
	return p.close()
}
