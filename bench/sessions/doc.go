// Package sessions fills a store with live sessions, which logging in would
// take hours for. It opens the store as a server does.
package sessions
