package oidc

// doubleQuoted rewrites JSON text whose strings are in single quotes; strings
// in double quotes stay as they are. Inside a single-quoted string \' is a
// quote and a bare double quote is data. What is no such text comes out as
// something that does not parse.
func doubleQuoted(text []byte) []byte {
	out := make([]byte, 0, len(text)+16)
	var quote byte // of the string we are in; 0: in none
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
			out = append(out, '"')
		case quote == 0:
			out = append(out, c)
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] != '\'' {
				out = append(out, '\\')
			}
			out = append(out, text[i])
		case c == quote:
			quote = 0
			out = append(out, '"')
		case c == '"': // inside single quotes
			out = append(out, '\\', '"')
		default:
			out = append(out, c)
		}
	}
	return out
}
