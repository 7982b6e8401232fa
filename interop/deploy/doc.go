// Package deploy holds no code: its tests judge the files that `usher assets`
// prints by the programs they are for: promtool, systemd-analyze and buildah.
package deploy
