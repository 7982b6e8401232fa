package sqlite

// Queue is how many writes wait for the committer, for a gauge.
func (d *DB) Queue() int { return len(d.engine.commits.queue) }
