package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type task struct {
	Issuer   string `json:"issuer"`
	API      string `json:"api"`
	ClientID string `json:"client_id"`
	Username string `json:"username"`
	Password string `json:"password"`
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	report, err := run(ctx)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(report)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (map[string]any, error) {
	var t task
	if err := json.NewDecoder(os.Stdin).Decode(&t); err != nil {
		return nil, err
	}
	provider, err := oidc.NewProvider(ctx, t.Issuer)
	if err != nil {
		return nil, err
	}
	config := &oauth2.Config{ClientID: t.ClientID, Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID}}
	first, err := config.PasswordCredentialsToken(ctx, t.Username, t.Password)
	if err != nil {
		return nil, err
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: t.ClientID})
	identity, err := verify(ctx, verifier, first)
	if err != nil {
		return nil, err
	}
	user, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(first))
	if err != nil {
		return nil, err
	}
	vms, err := list(ctx, t.API, first)
	if err != nil {
		return nil, err
	}
	expired, err := afterExpiry(ctx, t.API, first)
	if err != nil {
		return nil, err
	}
	// A source of its own, so that only the token's own expiry asks for a new
	// one; x/oauth2 would add ten seconds to that.
	second, err := oauth2.ReuseTokenSourceWithExpiry(first, config.TokenSource(ctx, first), 0).Token()
	if err != nil {
		return nil, err
	}
	if _, err := verify(ctx, verifier, second); err != nil {
		return nil, err
	}
	after, err := list(ctx, t.API, second)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"client":         "golang.org/x/oauth2 with github.com/coreos/go-oidc/v3",
		"first":          answer(first),
		"second":         answer(second),
		"vms":            vms,
		"vms_after":      after,
		"expired_status": expired,
		"id_token":       identity,
		"userinfo":       map[string]any{"sub": user.Subject, "email": user.Email},
	}, nil
}

// verify checks the ID token in t, its at_hash included, and returns its claims.
func verify(ctx context.Context, v *oidc.IDTokenVerifier, t *oauth2.Token) (map[string]any, error) {
	raw, ok := t.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("the answer has no id_token")
	}
	id, err := v.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if err := id.VerifyAccessToken(t.AccessToken); err != nil {
		return nil, err
	}
	var claims map[string]any
	err = id.Claims(&claims)
	return claims, err
}

// answer returns the token answer's members as the library hands them out.
func answer(t *oauth2.Token) map[string]any {
	return map[string]any{
		"access_token":       t.AccessToken,
		"refresh_token":      t.RefreshToken,
		"token_type":         t.TokenType,
		"expires_in":         t.Extra("expires_in"),
		"refresh_expires_in": t.Extra("refresh_expires_in"),
		"session_state":      t.Extra("session_state"),
		"scope":              t.Extra("scope"),
	}
}

func list(ctx context.Context, api string, t *oauth2.Token) (json.RawMessage, error) {
	resp, err := get(ctx, api, t)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET /v1/vms: %s", resp.Status)
	}
	var body json.RawMessage
	err = json.NewDecoder(resp.Body).Decode(&body)
	return body, err
}

// afterExpiry waits for the end of t and returns the status the API answers then.
func afterExpiry(ctx context.Context, api string, t *oauth2.Token) (int, error) {
	// The library's Expiry may be up to a second before the token's own.
	select {
	case <-time.After(time.Until(t.Expiry.Truncate(time.Second).Add(2 * time.Second))):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	resp, err := get(ctx, api, t)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func get(ctx context.Context, api string, t *oauth2.Token) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, api+"/vms", nil)
	if err != nil {
		return nil, err
	}
	t.SetAuthHeader(req)
	return http.DefaultClient.Do(req)
}
