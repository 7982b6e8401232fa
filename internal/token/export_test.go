package token

import "github.com/seed-a6a28e10/usher/internal/iam"

// AllowedOrigins is the value of the allowed-origins claim.
func AllowedOrigins(c *iam.Client) []string { return allowedOrigins(c) }

// SignHMAC512 makes a compact JWS of any two texts, for tests.
func SignHMAC512(secret []byte, header, payload string) (string, error) {
	key := SigningKey{Alg: RefreshAlgorithm, Signer: HMACSigner(RefreshAlgorithm, secret)}
	return sign(&key, strict.EncodeToString([]byte(header)), []byte(payload))
}

// ValidObject says whether the scanner takes text as one JSON object.
func ValidObject(text string) bool {
	return scanObject(text, func(_, _ string) error { return nil }) == nil
}
