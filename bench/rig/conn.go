package rig

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Conn is one keep-alive HTTP/1.1 connection. It is deliberately less than
// net/http's client: on a machine of two cores the generator's own work would
// otherwise hide what is measured.
type Conn struct {
	c    net.Conn
	r    *bufio.Reader
	buf  []byte
	body []byte
	// Header of the last answer, kept only where it is made before the call.
	Header http.Header
}

func Dial(address string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &Conn{c: c, r: bufio.NewReaderSize(c, 16<<10)}, nil
}

// DialUnix connects to a Unix socket.
func DialUnix(path string) (*Conn, error) {
	c, err := net.DialTimeout("unix", path, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &Conn{c: c, r: bufio.NewReaderSize(c, 16<<10)}, nil
}

// Name tells this side of the connection from others on the machine: the port,
// or the inode of a Unix socket.
func (c *Conn) Name() string {
	switch conn := c.c.(type) {
	case *net.TCPConn:
		if a, ok := conn.LocalAddr().(*net.TCPAddr); ok {
			return strconv.Itoa(a.Port)
		}
	case *net.UnixConn:
		return inode(conn)
	}
	return ""
}

func inode(conn *net.UnixConn) (name string) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return ""
	}
	_ = raw.Control(func(fd uintptr) { // name stays empty
		var stat syscall.Stat_t
		if syscall.Fstat(int(fd), &stat) == nil {
			name = strconv.FormatUint(stat.Ino, 10)
		}
	})
	return name
}

// handshake makes the connection speak TLS; whose certificate it is does not matter.
func (c *Conn) handshake() error {
	secured := tls.Client(c.c, &tls.Config{InsecureSkipVerify: true})
	c.c, c.r = secured, bufio.NewReaderSize(secured, 16<<10)
	return secured.Handshake()
}

// Request is what is sent: everything but the Host and the length.
type Request struct {
	Method, Path, Authorization, Form string
	// JSON is the body instead of a form.
	JSON string
	// From is the client's address, for a server that trusts its proxies.
	From string
}

// Do sends one request and returns the status and the body, which is valid
// until the next call.
func (c *Conn) Do(q Request) (int, []byte, error) {
	b := append(c.buf[:0], q.Method...)
	b = append(b, ' ')
	b = append(b, q.Path...)
	b = append(b, " HTTP/1.1\r\nHost: localhost\r\n"...)
	if q.Authorization != "" {
		b = append(b, "Authorization: Bearer "...)
		b = append(b, q.Authorization...)
		b = append(b, "\r\n"...)
	}
	if q.From != "" {
		b = append(b, "X-Forwarded-For: "...)
		b = append(b, q.From...)
		b = append(b, "\r\n"...)
	}
	body, kind := q.Form, "application/x-www-form-urlencoded"
	if q.JSON != "" {
		body, kind = q.JSON, "application/json"
	}
	if q.Method == "POST" {
		b = append(b, "Content-Type: "...)
		b = append(b, kind...)
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	b = append(b, body...)
	c.buf = b
	if err := c.c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return 0, nil, err
	}
	if _, err := c.c.Write(b); err != nil {
		return 0, nil, err
	}
	return c.read()
}

func (c *Conn) read() (int, []byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 {
		return 0, nil, fmt.Errorf("not HTTP: %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, nil, err
	}
	length := -1
	for {
		if line, err = c.r.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		if len(line) <= 2 {
			break
		}
		name, value, _ := strings.Cut(string(line), ":")
		if c.Header != nil {
			c.Header.Set(name, strings.TrimSpace(value))
		}
		switch textproto.CanonicalMIMEHeaderKey(name) {
		case "Content-Length":
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return 0, nil, err
			}
		case "Transfer-Encoding":
			return 0, nil, errors.New("chunked answers are not read")
		}
	}
	if status == 204 || status == 304 {
		return status, nil, nil
	}
	if length < 0 {
		return 0, nil, errors.New("an answer without a length")
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err = io.ReadFull(c.r, c.body)
	return status, c.body, err
}

func (c *Conn) Close() { c.c.Close() }
