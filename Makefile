# Usher's everyday commands. CONTRIBUTING.md and docs/development.md explain them.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help run build deps test unit interop race lint bench fuzz clean

# Where `make run` keeps its data (and its key, beside it); delete both to begin anew.
DATA     ?= usher-data
LISTEN   ?= 127.0.0.1:8080
# How long `make fuzz` spends on each target.
TIME     ?= $(or $(FUZZTIME),10m)
# How long each program under bench/ measures.
SECONDS_EACH ?= 30

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start Usher for development, keeping its data in usher-data
	go run ./cmd/usher dev --listen $(LISTEN) --data $(DATA)

build: ## build bin/usher
	CGO_ENABLED=0 go build -trimpath -o bin/usher ./cmd/usher

deps: ## install what the tests need (Debian and npm packages)
	@scripts/check-go
	@scripts/setup

test: deps unit interop ## every correctness test: both modules, real clients

unit: ## the main module's tests only; needs Go and curl
	go test -timeout 10m ./...

interop: deps ## the tests with real clients, and of the files for operating
	cd interop && go test -count=1 -parallel 8 -timeout 10m . ./deploy

# Packages whose tests start other programs, which the race detector does not see.
UNRACED := docs

race: ## the main module's tests under the race detector, volumes divided by 10
	USHER_TEST_SCALE=$${USHER_TEST_SCALE:-0.1} go test -race -timeout 20m $$(go list ./... | grep -vE '/($(subst $() ,|,$(strip $(UNRACED))))$$')

lint: ## gofmt, go vet, staticcheck, the libc check
	@scripts/lint

bench: ## the numbers: Go benchmarks, then the load programs
	go test -run '^$$' -bench . -benchmem -timeout 30m ./...
	go run ./bench/load --seconds $(SECONDS_EACH)
	go run ./bench/restart

fuzz: ## fuzz every target for TIME (10m), e.g. make fuzz TIME=1m
	FUZZTIME=$(TIME) scripts/fuzz

clean: ## delete what was built; keeps usher-data
	rm -rf bin interop/npm/node_modules
