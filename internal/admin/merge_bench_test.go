package admin_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/keys"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// BenchmarkImport brings 100,000 users with hashed passwords in 2,000 files, and
// then once more into the realm that has them. It reports the heap at its
// highest.
//
//	go test -run - -bench Import -benchtime 1x ./internal/admin
func BenchmarkImport(b *testing.B) {
	sealer, err := secret.NewSealer(bytes.Repeat([]byte("k"), secret.MasterKeySize))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		db, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir() + "/data", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		im := &admin.Importer{
			Store: db, Merge: db, Sealer: sealer, NewID: secret.NewID, Now: time.Now, Hashers: 2,
			Keys: maker{&keys.Maker{Sealer: sealer, NewID: secret.NewID, Rand: randomness{}}},
		}
		for round, name := range []string{"first", "again"} {
			start, top := time.Now(), uint64(0)
			out, err := im.Import(b.Context(), manyUsers(2000, 50, &top), admin.ImportOptions{}, noEvent)
			if err != nil {
				b.Fatal(err)
			}
			if last := out.Rows[len(out.Rows)-2]; last.InFile != 100_000 || round == 0 && last.Imported != 100_000 || round == 1 && last.Skipped != 100_000 {
				b.Fatalf("%+v", out.Rows)
			}
			b.ReportMetric(time.Since(start).Seconds(), name+"-s")
			b.ReportMetric(float64(top)/(1<<20), name+"-MiB")
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// manyUsers is a realm and files of its users, made as they are read.
func manyUsers(files, each int, top *uint64) admin.FileSource {
	n := -1
	return func() (string, []byte, error) {
		if n++; n == 0 {
			return "big-realm.json", []byte(`{"realm": "big", "enabled": true, "roles": {"realm": [{"name": "viewer"}]}, "videoManagers": [{"id": 1, "name": "v", "members": ["user-000001@example.org"]}]}`), nil
		}
		if n > files {
			return "", nil, io.EOF
		}
		if n%100 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			*top = max(*top, m.HeapInuse)
		}
		var f bytes.Buffer
		f.WriteString(`{"realm": "big", "users": [`)
		for i := range each {
			if i > 0 {
				f.WriteByte(',')
			}
			id := (n-1)*each + i
			fmt.Fprintf(&f, `{"id": "00000000-0000-4000-8000-%012d", "username": "user-%06d@example.org", "email": "user-%06d@example.org", "emailVerified": true,
"createdTimestamp": 1700000000000, "enabled": true, "totp": false, "firstName": "First", "lastName": "Last %d", "attributes": {"department": ["video"], "locale": ["en"]},
"credentials": [{"id": "10000000-0000-4000-8000-%012d", "type": "password", "createdDate": 1700000000000,
"secretData": "{\"value\":\"7d5zj5UuAsRyqNgB3gWq+3q7L2nX2vDqj4c7SZ2S5xs=\",\"salt\":\"%024d\",\"additionalParameters\":{}}",
"credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}"}],
"disableableCredentialTypes": [], "requiredActions": [], "realmRoles": ["viewer"], "notBefore": 0, "groups": []}`, id, id, id, id, id, id)
		}
		f.WriteString("]}")
		return fmt.Sprintf("big-users-%d.json", n), f.Bytes(), nil
	}
}
