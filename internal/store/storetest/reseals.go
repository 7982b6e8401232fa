package storetest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// resealer is what a change of the master key asks of a store.
type resealer interface {
	SealedRootKey(ctx context.Context) ([]byte, error)
	Reseal(ctx context.Context, rootPrev, rootNext []byte, changes []iam.SealedChange, ev *iam.Event) error
}

// testReseal changes every sealed value at once, or none.
func testReseal(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	ctx, store := t.Context(), alone.shared
	r, isOne := store.(resealer)
	if !isOne {
		t.Fatal("the store cannot reseal")
	}
	root, err := r.SealedRootKey(ctx)
	ok(t, err)
	in := alone.richRealm()
	in.Realm.Kept = map[string]json.RawMessage{"smtpServer": json.RawMessage(`{"sealed":"a2VwdA=="}`), "plain": json.RawMessage(`{"sealed":1}`)}
	user := alone.person("sealed")
	user.Other = []iam.Credential{{ID: "otp", Type: "otp", SecretData: "c2VlZA=="}}
	user.Attributes = map[string][]string{"note": {`"sealed":"x"`}}
	in.Users = []iam.User{user, alone.person("other")}
	ok(t, store.ImportRealm(ctx, in, nil))
	b64 := base64.StdEncoding.EncodeToString
	changes := []iam.SealedChange{
		{Table: "realm", ID: in.Realm.ID, Prev: "a2VwdA==", Next: "bmV3"},
		{Table: "client", ID: in.Clients[0].ID, Prev: b64(in.Clients[0].SealedSecret), Next: b64([]byte("secret"))},
		{Table: "signing_key", ID: in.Keys[0].ID, Prev: b64(in.Keys[0].Sealed), Next: b64([]byte("key"))},
		{Table: "users", ID: user.ID, Prev: "c2VlZA==", Next: "bmV3IHNlZWQ="},
	}
	for name, wrong := range map[string][]iam.SealedChange{
		"one is missing": changes[1:], "one is another": append([]iam.SealedChange{{Table: "realm", ID: in.Realm.ID, Prev: "eA==", Next: "eQ=="}}, changes[1:]...),
		"one is gone": append([]iam.SealedChange{{Table: "users", ID: "nobody", Prev: "eA==", Next: "eQ=="}}, changes...),
	} {
		if err := r.Reseal(ctx, root, []byte("next"), wrong, nil); !errors.Is(err, iam.ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := r.Reseal(ctx, []byte("another"), []byte("next"), changes, nil); !errors.Is(err, iam.ErrStale) {
		t.Errorf("another root key: %v", err)
	}
	if diff := cmp.Diff(alone.stored(t, in.Realm.ID).Keys, in.Keys); diff != "" {
		t.Errorf("a refused change wrote: %s", diff)
	}
	ok(t, r.Reseal(ctx, root, []byte("next"), changes, &iam.Event{ID: "e", Type: "ADMIN_ACTION"}))
	now, err := r.SealedRootKey(ctx)
	ok(t, err)
	got := alone.stored(t, in.Realm.ID)
	u, err := store.User(ctx, in.Realm.ID, user.ID)
	ok(t, err)
	if string(now) != "next" || string(got.Realm.Kept["smtpServer"]) != `{"sealed":"bmV3"}` || string(got.Keys[0].Sealed) != "key" ||
		string(got.Clients[0].SealedSecret) != "secret" || u.Other[0].SecretData != "bmV3IHNlZWQ=" {
		t.Errorf("resealed: %s %s %+v", now, got.Realm.Kept, u.Other)
	}
}
