package admin

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// stageAt is how many users are put aside at a time.
const stageAt = 500

// users takes the users of one file.
func (rm *realmRun) users(ctx context.Context, p *realmfile.Part) error {
	list, whole := rm.people.Users(p)
	rm.inFiles += len(list)
	if !whole || len(rm.faults) > 0 {
		return nil // nothing will be written
	}
	use, err := rm.idUse(ctx, list)
	if err != nil {
		return err
	}
	var fresh []realmfile.User
	for i := range list {
		u := &list[i]
		if u.Costly {
			rm.table.of(kindUsers).note(whyCostly, u.Username)
		}
		if u.Unknown {
			rm.table.of(kindUsers).note(whyUnknown, u.Username)
		}
		stored, err := rm.storedUser(ctx, u.Username)
		switch {
		case err != nil:
			return err
		case stored != nil:
			if err := rm.mergeUser(u, stored); err != nil {
				return err
			}
			rm.there++
		default:
			why, err := rm.refuse(ctx, u, use)
			if err != nil {
				return err
			}
			if why != "" {
				rm.table.of(kindUsers).skip(why, u.Username)
				continue
			}
			rm.table.of(kindUsers).add()
			rm.there++
			fresh = append(fresh, *u)
		}
	}
	return rm.stage(ctx, fresh)
}

// idUse asks for what became of the ids that the file gives.
func (rm *realmRun) idUse(ctx context.Context, list []realmfile.User) (map[string]iam.IDUse, error) {
	ids := make([]string, 0, len(list))
	for i := range list {
		if list[i].ID != "" {
			ids = append(ids, list[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return rm.im.Merge.UserIDs(ctx, ids)
}

// storedUser finds the user of that name where the realm is there; nil: none.
func (rm *realmRun) storedUser(ctx context.Context, name string) (*iam.User, error) {
	if rm.stored == nil {
		return nil, nil
	}
	u, err := rm.im.Store.UserByName(ctx, rm.stored.ID, name)
	if errors.Is(err, iam.ErrNotFound) {
		return nil, nil
	}
	return &u, err
}

// refuse says why a new user cannot be one, or "".
func (rm *realmRun) refuse(ctx context.Context, u *realmfile.User, use map[string]iam.IDUse) (string, error) {
	switch use[u.ID] {
	case iam.IDDeleted:
		return whyDeleted, nil
	case iam.IDUsed:
		return whyOthers, nil
	}
	if rm.stored == nil {
		return "", nil
	}
	var asks []func() (iam.User, error)
	if u.Email != "" && !rm.people.SameEmails() {
		asks = append(asks, func() (iam.User, error) { return rm.im.Store.UserByEmail(ctx, rm.stored.ID, u.Email) })
	}
	if rm.next.LoginWithEmail && strings.Contains(u.Username, "@") {
		asks = append(asks, func() (iam.User, error) { return rm.im.Store.UserByEmail(ctx, rm.stored.ID, u.Username) })
	}
	if rm.next.LoginWithEmail && u.Email != "" {
		asks = append(asks, func() (iam.User, error) { return rm.im.Store.UserByName(ctx, rm.stored.ID, u.Email) })
	}
	for _, ask := range asks {
		switch _, err := ask(); {
		case err == nil:
			return whyAddress, nil
		case !errors.Is(err, iam.ErrNotFound):
			return "", err
		}
	}
	return "", nil
}

// mergeUser compares a user with the stored one, and changes what differs where
// the options say so.
func (rm *realmRun) mergeUser(u *realmfile.User, stored *iam.User) error {
	c := rm.table.of(kindUsers)
	open := rm.im.openUser(*stored)
	file := asStored(u, &open)
	df := &differ{}
	if !bytes.Equal(jsonOf(open), jsonOf(file)) { // nearly always equal, and quickly told
		df.diff("users["+quoteName(u.Username)+"]", userDoc(open), userDoc(file))
	}
	differs := len(df.lines) > 0
	password := rm.newPassword(u, stored)
	change, overwrite := differs && rm.o.Overwrite, password && rm.o.OverwritePasswords
	switch {
	case change || overwrite:
		c.change()
	case differs:
		c.skip(whyDiffers, u.Username)
		rm.tell(df.lines)
	case password:
		c.skip(whyPassword, u.Username)
	default:
		c.skip(whySame, u.Username)
	}
	if rm.o.DryRun || !change && !overwrite {
		return nil
	}
	next := *stored
	if change {
		next = rm.im.sealUser(file, rm.next.ID, stored)
		next.Password = stored.Password
	}
	if overwrite {
		if err := rm.im.hash(u); err != nil {
			return err
		}
		next.Password = u.Password
	}
	rm.buffer = append(rm.buffer, iam.StagedUser{User: next, Replaces: stored})
	return nil
}

// asStored is the user of a file with what only the store can say; open is the
// stored one in clear.
func asStored(u *realmfile.User, open *iam.User) iam.User {
	file := u.User
	file.ID, file.CreatedAt, file.RealmID = open.ID, open.CreatedAt, open.RealmID
	file.Kept = realmfile.Unmask(file.Kept, open.Kept)
	if u.Plain != nil || u.Password != nil || file.Other != nil {
		return file
	}
	file.Other = open.Other // a file without secrets says nothing of credentials
	for name, raw := range open.Kept {
		if strings.HasPrefix(name, "credentials/") {
			file.Kept = withKept(file.Kept, map[string]json.RawMessage{name: raw})
		}
	}
	return file
}

// newPassword says whether the file has another password. A plain one is
// compared only when it would be taken: that costs a hash. A stored hash that a
// login made stronger is the same password, unless passwords are overwritten.
func (rm *realmRun) newPassword(u *realmfile.User, stored *iam.User) bool {
	have, h := stored.Password, rm.im.Hasher
	switch {
	case u.Plain == nil && u.Password == nil:
		return false
	case have == nil:
		return true
	case u.Plain != nil:
		if !rm.o.OverwritePasswords {
			return false
		}
		ok, err := h.Verify(have.SecretData, have.CredentialData, *u.Plain)
		return !ok || err != nil
	case have.SecretData == u.Password.SecretData && have.CredentialData == u.Password.CredentialData:
		return false
	}
	stronger := h.NeedsRehash(u.Password.SecretData, u.Password.CredentialData) && !h.NeedsRehash(have.SecretData, have.CredentialData)
	return !stronger || rm.o.OverwritePasswords
}

func quoteName(s string) string { return `"` + s + `"` }

// openUser is a stored user in clear.
func (im *Importer) openUser(u iam.User) iam.User {
	u.Kept = im.openKept(u.Kept, u.RealmID, u.ID)
	other := make([]iam.Credential, len(u.Other))
	for i, c := range u.Other {
		if raw, err := base64.StdEncoding.DecodeString(c.SecretData); err == nil {
			if plain, err := im.Sealer.Open(raw, u.RealmID, c.ID, PurposeCredential); err == nil {
				c.SecretData = string(plain)
			}
		}
		other[i] = c
	}
	u.Other = other
	return u
}

// sealUser seals what a user in clear holds. stored, where there is one, keeps
// the ids of credentials of the same kind.
func (im *Importer) sealUser(u iam.User, realmID string, stored *iam.User) iam.User {
	u.RealmID = realmID
	u.Other = slices.Clone(u.Other)
	for i := range u.Other {
		c := &u.Other[i]
		if stored != nil && c.ID == "" && i < len(stored.Other) && stored.Other[i].Type == c.Type {
			c.ID = stored.Other[i].ID
		}
		im.id(&c.ID)
		if c.SecretData != "" {
			c.SecretData = base64.StdEncoding.EncodeToString(im.Sealer.Seal([]byte(c.SecretData), realmID, c.ID, PurposeCredential))
		}
	}
	u.Kept = im.sealKept(u.Kept, realmID, u.ID)
	return u
}

// stage puts new users aside, in pieces.
func (rm *realmRun) stage(ctx context.Context, fresh []realmfile.User) error {
	if rm.o.DryRun {
		return nil
	}
	now := rm.im.Now().UnixMilli()
	if err := rm.im.parallel(ctx, len(fresh), func(i int) error {
		u := &fresh[i]
		rm.im.id(&u.ID)
		if u.CreatedAt == 0 {
			u.CreatedAt = now
		}
		u.User = rm.im.sealUser(u.User, rm.next.ID, nil)
		return rm.im.hash(u)
	}); err != nil {
		return err
	}
	for i := range fresh {
		u := &fresh[i]
		rm.buffer = append(rm.buffer, iam.StagedUser{User: u.User, MemberOf: rm.memberOf[u.Username]})
	}
	if len(rm.buffer) >= stageAt {
		return rm.flush(ctx)
	}
	return nil
}

func (rm *realmRun) flush(ctx context.Context) error {
	for len(rm.buffer) > 0 {
		n := min(stageAt, len(rm.buffer))
		rm.staged = true
		if err := rm.im.Merge.StageUsers(ctx, rm.batch, rm.next.ID, rm.buffer[:n]); err != nil {
			return err
		}
		rm.buffer = rm.buffer[n:]
	}
	rm.buffer = nil
	return nil
}
