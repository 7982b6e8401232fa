// Command powercut cuts the power of a server on paper. It runs one under
// strace while people use it, so that every write, truncation, renaming and
// sync of its data folder is known, and where among them each answer was sent.
// Then it rebuilds the folder as a power cut after any of these calls may have
// left it: what was not synced is there, is not, is there in another order, or
// is torn at a boundary of 512 bytes. Each is opened, without any repair, and
// must hold every acknowledged fact and nothing else.
//
//	go run ./bench/powercut --cuts 500 [--results FILE] [--seed N]
//	go run ./bench/powercut --sum FILE
//
// It needs strace. The file of shared memory beside the database does not
// count: no promise rests on it. The program prints one summary line last and
// exits non-zero when a promise was broken.
package main
