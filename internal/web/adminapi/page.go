package adminapi

import (
	"net/url"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// asked is what a request for a page asks for.
type asked struct {
	url.Values
	after string
	limit int
}

// paging reads the parameters of a list: those of every list, and the named ones.
func paging(r *web.Request, more ...string) (asked, error) {
	q, err := query(r, append(more, "after", "limit")...)
	if err != nil {
		return asked{}, err
	}
	n, err := limit(q)
	return asked{Values: q, after: q.Get("after"), limit: n}, err
}

// page makes a page of a list that was read one item beyond it; cursor is the
// cursor behind an item.
func page[From, To any](list []From, limit int, convert func(*From) To, cursor func(*From) string) api.Page[To] {
	list, more := cut(list, limit)
	p := api.Page[To]{Items: make([]To, len(list))}
	for i := range list {
		p.Items[i] = convert(&list[i])
	}
	if more {
		p.Next = cursor(&list[len(list)-1])
	}
	return p
}
