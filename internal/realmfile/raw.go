package realmfile

import "encoding/json"

// wholeOf keeps an object as it is, without naming its members one by one.
func wholeOf(o *object) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(o.node.kids))
	for i := range o.node.kids {
		m := &o.node.kids[i]
		o.used[m.name] = true
		out[m.name] = o.raw(&m.value)
	}
	return out
}

func rawMap(m map[string]string) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(m))
	for k, v := range m {
		raw, err := json.Marshal(v)
		if err == nil { // strings always marshal
			out[k] = raw
		}
	}
	return out
}
