package app

// Fail ends Run as a storage fault would.
func (a *App) Fail(err error) { a.fail(err) }
