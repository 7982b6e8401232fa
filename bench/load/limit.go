package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// limit is the bare server: net/http and the unavoidable cryptography, nothing
// else. It runs as a process of its own, like the Usher beside it.
type limit struct {
	rsa    *rsa.PrivateKey
	ec     *ecdsa.PrivateKey
	mac    []byte
	mu     sync.RWMutex
	answer answerShape
	plain  []byte
	header http.Header // of every answer: what Usher sends besides the body
	verify *rsa.PublicKey
}

// answerShape is a token answer with holes where signatures go.
type answerShape struct {
	Access, ID, Refresh string // real tokens of a real answer
	Body                string // the answer
}

// page is an answer whose body is always the same.
type page struct {
	Header http.Header
	Body   []byte
}

// serveLimit listens and prints its address on stdout.
func serveLimit(address string) error {
	l := &limit{mac: make([]byte, 64)}
	var err error
	if l.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return err
	}
	if l.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /shape", l.shape)
	mux.HandleFunc("POST /plain", l.setPlain)
	mux.HandleFunc("POST /key", l.setKey)
	mux.HandleFunc("POST /rs256", l.tokens(l.signRSA))
	mux.HandleFunc("POST /es256", l.tokens(l.signEC))
	mux.HandleFunc("GET /bare", l.bare)
	mux.HandleFunc("GET /verifying", l.verifying)
	mux.HandleFunc("POST /signs", l.loop(func() { l.signRSA([]byte("input")) }, runtime.GOMAXPROCS(0)))
	mux.HandleFunc("POST /hashes", l.loop(hash, max(1, runtime.GOMAXPROCS(0)-1)))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return http.Serve(listener, mux)
}

// hash is one password check with the parameters that Usher and Keycloak use.
func hash() { argon2.IDKey([]byte("a password of some length"), make([]byte, 16), 5, 7168, 1, 32) }

func (l *limit) shape(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := json.NewDecoder(r.Body).Decode(&l.answer); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (l *limit) setPlain(w http.ResponseWriter, r *http.Request) {
	var p page
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.plain, l.header = p.Body, p.Header
}

func (l *limit) setKey(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err == nil {
		var key any
		if key, err = x509.ParsePKIXPublicKey(b); err == nil {
			l.mu.Lock()
			l.verify = key.(*rsa.PublicKey)
			l.mu.Unlock()
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (l *limit) signRSA(input []byte) []byte {
	sum := sha256.Sum256(input)
	sig, err := rsa.SignPKCS1v15(nil, l.rsa, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return sig
}

func (l *limit) signEC(input []byte) []byte {
	sum := sha256.Sum256(input)
	r, s, err := ecdsa.Sign(rand.Reader, l.ec, sum[:])
	if err != nil {
		panic(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return sig
}

// tokens parses the form, checks one HS512 MAC, makes the two signatures and
// one MAC, and sends as many bytes as the real answer has.
func (l *limit) tokens(sign func([]byte) []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") == "" {
			http.Error(w, "bad form", http.StatusBadRequest)
			return
		}
		l.mu.RLock()
		a := l.answer
		l.mu.RUnlock()
		if presented, _, ok := cutSignature(r.PostForm.Get("refresh_token")); ok {
			l.sum(presented)
		}
		var b bytes.Buffer
		b.Grow(len(a.Body) + 512)
		rest := a.Body
		for _, t := range []struct {
			token string
			sign  func([]byte) []byte
		}{{a.Access, sign}, {a.Refresh, func(in []byte) []byte { return l.sum(string(in)) }}, {a.ID, sign}} {
			if t.token == "" {
				continue
			}
			before, after, ok := strings.Cut(rest, t.token)
			if !ok {
				http.Error(w, "the shape does not fit", http.StatusInternalServerError)
				return
			}
			input, _, _ := cutSignature(t.token)
			b.WriteString(before)
			b.WriteString(input)
			b.WriteByte('.')
			b.WriteString(base64.RawURLEncoding.EncodeToString(t.sign([]byte(input))))
			rest = after
		}
		b.WriteString(rest)
		l.send(w, b.Bytes())
	}
}

// send sends the same bytes as Usher: the header of its answer too, save what
// net/http writes by itself.
func (l *limit) send(w http.ResponseWriter, body []byte) {
	l.mu.RLock()
	header := l.header
	l.mu.RUnlock()
	own := w.Header()
	for name, values := range header {
		own[name] = values
	}
	own["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, _ = w.Write(body) // a lost client is the generator's business
}

func (l *limit) sum(input string) []byte {
	mac := hmac.New(sha512.New, l.mac)
	mac.Write([]byte(input))
	return mac.Sum(nil)
}

func cutSignature(token string) (input, signature string, ok bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return "", "", false
	}
	return token[:i], token[i+1:], true
}

func (l *limit) bare(w http.ResponseWriter, r *http.Request) {
	l.mu.RLock()
	b := l.plain
	l.mu.RUnlock()
	l.send(w, b)
}

// verifying checks the token's signature and reads its claims before sending.
func (l *limit) verifying(w http.ResponseWriter, r *http.Request) {
	if err := l.check(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	l.bare(w, r)
}

func (l *limit) check(token string) error {
	input, signature, ok := cutSignature(token)
	if !ok {
		return errors.New("not a token")
	}
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(input))
	l.mu.RLock()
	key := l.verify
	l.mu.RUnlock()
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig); err != nil {
		return err
	}
	_, payload, _ := strings.Cut(input, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return err
	}
	var claims struct {
		Exp int64  `json:"exp"`
		Iss string `json:"iss"`
		Aud any    `json:"aud"`
		Sub string `json:"sub"`
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return err
	}
	if time.Now().Unix() > claims.Exp {
		return errors.New("expired")
	}
	return nil
}

// loop runs f in n goroutines for the asked time and answers how often a second.
func (l *limit) loop(f func(), n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.URL.Query().Get("for"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var group sync.WaitGroup
		var mu sync.Mutex
		total, start := 0, time.Now()
		for range n {
			group.Go(func() {
				done := 0
				for time.Since(start) < d {
					f()
					done++
				}
				mu.Lock()
				total += done
				mu.Unlock()
			})
		}
		group.Wait()
		l.send(w, fmt.Appendf(nil, "%f", float64(total)/time.Since(start).Seconds()))
	}
}
