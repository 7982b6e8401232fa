package adminapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// maxElement is the largest file in base64 with what stands around it.
const maxElement = realmfile.MaxBytes/3*4 + 1<<20

// fileStream reads an api.ImportFiles file by file as it arrives, so that the
// users of a large realm, who come in files of their own, are never in memory
// together. It is as strict as decode.
type fileStream struct {
	in    *portion
	dec   *json.Decoder
	begun bool
}

// portion lets through at most so many bytes between two calls of renew.
type portion struct {
	r    io.Reader
	left int
}

func (p *portion) renew() { p.left = maxElement }

// Read implements io.Reader.
func (p *portion) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, &oauth.Error{Fault: oauth.BodyTooLarge, Arg: "64 MiB for a file"}
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

func openStream(r *web.Request) (*fileStream, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, bad("The request has no body")
	}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		return nil, oauth.Refuse(oauth.WrongMediaType).WithHint("Send the body as application/json.")
	}
	in := &portion{r: r.Body}
	in.renew()
	dec := json.NewDecoder(in)
	dec.DisallowUnknownFields()
	return &fileStream{in: in, dec: dec}, nil
}

// next is an admin.FileSource.
func (s *fileStream) next() (string, []byte, error) {
	if !s.begun {
		s.begun = true
		if err := s.begin(); err != nil {
			return "", nil, err
		}
	}
	s.in.renew()
	if !s.dec.More() {
		return "", nil, s.end()
	}
	var f api.File
	if err := s.dec.Decode(&f); err != nil {
		return "", nil, streamFault(err)
	}
	return f.Name, f.Data, nil
}

// begin reads {"files":[.
func (s *fileStream) begin() error {
	if t, err := s.dec.Token(); err != nil || t != json.Delim('{') {
		return bad("The body is not a JSON object")
	}
	switch t, err := s.dec.Token(); {
	case err != nil:
		return streamFault(err)
	case t == json.Delim('}'):
		return bad("There is no file to import")
	case t != "files":
		name, _ := t.(string)
		return unknownMember(name, []string{"files"})
	}
	if t, err := s.dec.Token(); err != nil || t != json.Delim('[') {
		return bad("The member files is not a list")
	}
	if !s.dec.More() {
		return bad("There is no file to import")
	}
	return nil
}

// end reads ]} and answers io.EOF.
func (s *fileStream) end() error {
	for _, want := range []json.Delim{']', '}'} {
		t, err := s.dec.Token()
		if err != nil {
			return streamFault(err)
		}
		if name, ok := t.(string); ok {
			return bad("The member %s follows files", shown(name))
		}
		if t != want {
			return bad("The body is not JSON: it ends early or is broken")
		}
	}
	switch _, err := s.dec.Token(); {
	case errors.Is(err, io.EOF):
		return io.EOF
	case err != nil:
		return streamFault(err)
	}
	return bad("Something follows the JSON object")
}

// streamFault lets a refusal of the reader through.
func streamFault(err error) error {
	var refused *oauth.Error
	if errors.As(err, &refused) {
		return refused
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return oauth.RefuseArg(oauth.BadRequest, "Request body ended early") // not because of err: io.EOF is a good end
	}
	return malformed(err)
}
