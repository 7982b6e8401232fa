package history

// apiRow is what the video API knows of a family: only what refuses tokens.
type apiRow struct {
	dead    bool
	revoked string
	// Tokens issued before the second lo are refused, from hi on they are not;
	// between them it depends on when exactly the user was disabled.
	lo, hi int64
}

// apiStep is step for the video API, which judges by a feed in memory that is
// told after the store was.
func apiStep(r apiRow, o Op) []apiRow {
	after := r
	switch o.Kind {
	case End:
		if o.Outcome == Refused {
			return []apiRow{r}
		}
		after.dead = true
	case RevokeAccess:
		if o.Outcome == Refused {
			return []apiRow{r}
		}
		after.revoked += ";" + o.Token.ID
	case Disable:
		after.lo, after.hi = max(r.lo, o.Call/1e9+1), max(r.hi, o.Return/1e9+1)
	case Refresh: // a reuse ends the family
		if o.Outcome == OK {
			return []apiRow{r}
		}
		after.dead = true
		if o.Theft && o.Outcome == Refused {
			return []apiRow{after}
		}
		return []apiRow{r, after}
	case CallAPI:
		return apiCall(r, o)
	default:
		return []apiRow{r}
	}
	if o.Outcome == OK {
		return []apiRow{after}
	}
	return []apiRow{r, after}
}

func apiCall(r apiRow, o Op) []apiRow {
	over := r.dead || row{revoked: r.revoked}.isRevoked(o.Token.ID)
	mayPass, mayFail := !over && o.IssuedAt >= r.lo, over || o.IssuedAt < r.hi
	if o.Outcome == OK && !mayPass || o.Outcome == Refused && !mayFail {
		return nil
	}
	return []apiRow{r}
}
