// Package docs holds the documents, and one test that runs every shell block
// in them.
package docs
