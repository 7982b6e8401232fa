// Command faults hurts a running Usher in one way after another and holds what
// it does meanwhile and afterwards against what it promises: a full disk, a
// failed sync, slow clients, floods, storms, few descriptors, replaced
// certificates, a stop that is not waited for. docs/reliability.md lists the
// promises. It imports bench/rig and no package of the server.
package main
