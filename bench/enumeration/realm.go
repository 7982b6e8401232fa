package main

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

type object = map[string]any

// writeRealms writes the two realms with as many users of each kind as that
// many samples need.
func writeRealms(file string, samples int) error {
	hashes, err := credentials()
	if err != nil {
		return err
	}
	users := samples/tries + 1
	var people, moved, clients []any
	client := object{"clientId": rig.Client, "publicClient": true, "directAccessGrantsEnabled": true}
	clients = append(clients, client)
	for i := range users {
		add := func(list *[]any, kind string, more object) {
			u := object{"username": fmt.Sprintf("%s%06d", kind, i), "enabled": true}
			for k, v := range more {
				u[k] = v
			}
			*list = append(*list, u)
		}
		with := func(kind string) object { return object{"credentials": []any{hashes[kind]}} }
		for _, kind := range []string{"plain", "empty", "long"} {
			add(&people, kind, with("argon2"))
		}
		add(&people, "disabled", object{"enabled": false, "credentials": []any{hashes["argon2"]}})
		add(&people, "waiting", object{"requiredActions": []string{"UPDATE_PASSWORD"}, "credentials": []any{hashes["argon2"]}})
		add(&people, "bare", nil)
		clients = append(clients, object{"clientId": fmt.Sprintf("backend%06d", i), "publicClient": false, "secret": "s", "serviceAccountsEnabled": true})
		add(&moved, "argon", with("argon2"))
		add(&moved, "bcrypt", with("bcrypt"))
		add(&moved, "pbkdf", with("pbkdf2"))
	}
	for i := range waits(samples) {
		people = append(people, object{"username": fmt.Sprint(waiters, i), "enabled": true, "credentials": []any{hashes["argon2"]}})
	}
	realm := func(name string, clients, users []any) object {
		return object{"realm": name, "enabled": true, "sslRequired": "none", "defaultSignatureAlgorithm": "ES256", "clients": clients, "users": users}
	}
	b, err := json.Marshal([]object{realm(newHashes, clients, people), realm(oldHashes, []any{client}, moved)})
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

// waits is how many names are put into a wait in turn: a wait lasts a minute,
// and a sample of each path takes a second or so.
func waits(samples int) int { return samples/10 + 10 }

// credentials are the one password's hashes by kind, as Keycloak stores them.
func credentials() (map[string]object, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	crypted, err := bcrypt.GenerateFromPassword([]byte(rig.Password), 10)
	if err != nil {
		return nil, err
	}
	derived, err := pbkdf2.Key(sha256.New, rig.Password, salt, 27_500, 64)
	if err != nil {
		return nil, err
	}
	of := func(algorithm string, iterations int, value, salt string, more object) object {
		secret, err1 := json.Marshal(object{"value": value, "salt": salt, "additionalParameters": object{}})
		data, err2 := json.Marshal(object{"hashIterations": iterations, "algorithm": algorithm, "additionalParameters": more})
		if err1 != nil || err2 != nil {
			panic("strings and numbers always marshal")
		}
		return object{"type": "password", "secretData": string(secret), "credentialData": string(data)}
	}
	b64 := base64.StdEncoding.EncodeToString
	return map[string]object{
		"argon2": of("argon2", 5, b64(argon2.IDKey([]byte(rig.Password), salt, 5, 7168, 1, 32)), b64(salt),
			object{"hashLength": list("32"), "memory": list("7168"), "type": list("id"), "version": list("1.3"), "parallelism": list("1")}),
		"bcrypt": of("bcrypt", -1, strings.TrimSpace(string(crypted)), "", nil),
		"pbkdf2": of("pbkdf2-sha256", 27_500, b64(derived), b64(salt), nil),
	}, nil
}

func list(s string) []string { return []string{s} }
