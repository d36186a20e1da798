# One command for each habit. `make` alone says which there are.

.DEFAULT_GOAL := help
.PHONY: help run run-call build test lint gofmt vet staticcheck frontend frontend-check frontend-test dist go-test bench fuzz

# Debian keeps servers in sbin, which is not on everybody's path.
export PATH := $(PATH):/usr/local/go/bin:/usr/local/sbin:/usr/sbin:/sbin

FUZZTIME ?= 10s

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## serve the chat on http://localhost:8080; make run ARGS='--help' for more
	@scripts/need.sh go
	@scripts/frontend.sh build
	go run ./cmd/caller $(ARGS)

run-call: ## the same with a development LiveKit beside it, for voice and video between tabs
	@scripts/need.sh go
	@scripts/frontend.sh build
	@scripts/call.sh $(ARGS)

build: ## build the program with the page in it: bin/caller
	@scripts/need.sh go
	@scripts/frontend.sh build
	CGO_ENABLED=0 go build -trimpath -o bin/caller ./cmd/caller

test: ## run everything that must pass; installs what it lacks
	@scripts/need.sh go node npm gcc curl python3 redis-server chromium firefox-esr \
		nginx haproxy apache2 caddy varnishd squid tinyproxy privoxy mitmdump
	@scripts/frontend.sh deps
	@$(MAKE) --no-print-directory --keep-going lint frontend dist go-test

lint: gofmt vet staticcheck ## check the Go sources: gofmt, go vet, staticcheck

gofmt:
	@echo '== gofmt'
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi

vet:
	@echo '== go vet'
	@go vet ./...

staticcheck:
	@echo '== staticcheck'
	@go tool staticcheck ./...

frontend: frontend-check frontend-test ## check and test the page: Biome, tsc, Vitest

frontend-check:
	@scripts/frontend.sh deps
	@echo '== frontend: check'
	@cd frontend && npm run --silent check

frontend-test:
	@scripts/frontend.sh deps
	@echo '== frontend: test'
	@cd frontend && timeout --kill-after=10s 4m npm run --silent test

dist: ## check that frontend/dist and frontend/lib are what their sources build
	@echo '== frontend: dist and lib are what the sources build'
	@scripts/frontend.sh verify

# Not from the cache: it does not know that end-to-end tests run a program, nor of which sources that is built.
go-test: ## run the Go tests, end to end ones too, with the race detector
	@echo '== go test'
	@go test -race -count 1 -timeout 9m $$(go list ./... | grep -v /e2e/faults$$)
	@echo '== go test: faults, which measure and so are alone'
	@go test -race -count 1 -timeout 9m ./e2e/faults

bench: ## measure: the Go benchmarks, then e2e/load; LOAD='-runs 3 fanout' for a part of it
	@scripts/need.sh go redis-server
	go test -run '^$$' -bench . -benchmem ./chat/... ./redisstore/... ./transport/... ./internal/... ./server
	go run ./e2e/load $(LOAD)

fuzz: ## run each fuzz target for FUZZTIME (10s)
	@set -e; for package in $$(go list ./...); do \
		for target in $$(go test -run '^$$' -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "== $$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

.PHONY: faults
DURATION ?= 10m
SEED ?= 0

faults: ## break things at random for DURATION (10m), chosen by SEED, and check every promise
	@scripts/need.sh go gcc redis-server
	go test -race -timeout 0 -count 1 -run '^TestMix$$' -v ./e2e/faults -duration $(DURATION) -seed $(SEED)
