# One command for each habit. `make` alone says which there are.

.DEFAULT_GOAL := help
.PHONY: help run run-call build test lint gofmt vet staticcheck frontend frontend-check frontend-test dist unit smoke \
	test-all bench fuzz faults release

# The long suites, in the order of test-all. docs/testing.md has what each holds and how long it takes.
SUITES := test-program test-conformance test-networks test-tabs test-calls test-files test-admin test-webhooks \
	test-admin-page test-cli test-deploy test-stores test-faults test-upgrade test-packages test-storm test-load \
	test-metrics test-fuzz test-audit
.PHONY: $(SUITES)

# Debian keeps servers in sbin, which is not on everybody's path.
export PATH := $(PATH):/usr/local/go/bin:/usr/local/sbin:/usr/sbin:/sbin

FUZZTIME ?= 10s

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

release: ## all that people install, of the commit that is checked out: dist/release
	@scripts/need.sh go git
	@cd deploy/tools && go build -o ../../bin/release ./release
	@bin/release -top .

test: ## the gate, what every change must pass: up to 6 minutes; installs what it lacks
	@scripts/need.sh go node npm gcc curl redis-server chromium nginx
	@scripts/frontend.sh deps
	@$(MAKE) --no-print-directory --keep-going lint frontend dist unit smoke

test-all: ## the gate, then every long suite; ends with what was flaky and with all results
	@rm -rf bin/tests
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory --keep-going $(SUITES) || status=1; \
	go run ./internal/testreport bin/tests/*.json && exit $${status:-0}

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

dist: ## check that frontend/dist, dist-admin and lib are what their sources build
	@echo '== frontend: dist, dist-admin and lib are what the sources build'
	@scripts/frontend.sh verify

# -short leaves the long suites' tests out: in redisstore those of Sentinel and Cluster.
# Nothing is from the cache: it knows neither that tests start programs, nor what chance does.
unit: ## every unit test with the race detector, and redisstore on a real Redis
	@echo '== unit tests'
	@go test -race -count 1 -short -timeout 5m $$(go list ./... | grep -v /e2e/) ./e2e/internal/... ./e2e/load

# The same faults each time: it begins with Redis killed, Pub/Sub cut, a node killed, answers cut half-way, and
# nodes restarted. The long suite has another one each time.
smoke: ## a few tests of the real program, and 20 s of faults
	@echo '== smoke tests'
	@go test -race -count 1 -timeout 5m ./e2e/docs ./e2e/smoke
	@go test -race -count 1 -short -timeout 5m -run '^TestChaos$$' ./e2e/faults -duration 20s -seed 411

test-program: ## what users do: rooms, pages, curl, examples, bad input
	@scripts/need.sh go node npm gcc curl python3 redis-server chromium firefox-esr nginx haproxy
	@scripts/frontend.sh deps
	@scripts/suite.sh program ./e2e/program

test-conformance: ## WebSocket and HTTP/2 by peers that share no code with the program
	@scripts/need.sh go gcc python3-autobahn
	@scripts/suite.sh conformance ./e2e/conformance

test-networks: ## pages behind proxies and in networks that let little through
	@scripts/need.sh go gcc redis-server chromium firefox-esr nginx haproxy apache2 lighttpd varnishd squid tinyproxy privoxy mitmdump
	@scripts/suite.sh networks ./e2e/networks

test-tabs: ## many tabs of one browser
	@scripts/need.sh go gcc redis-server chromium
	@scripts/suite.sh tabs ./e2e/tabs

test-calls: ## voice and video with a real LiveKit
	@scripts/need.sh go node npm gcc redis-server chromium firefox-esr
	@scripts/frontend.sh deps
	@scripts/suite.sh calls ./e2e/calls

test-files: ## the files that people send, in a folder and on a real S3 server
	@scripts/need.sh go gcc curl redis-server nginx
	@scripts/suite.sh files ./e2e/files

test-cli: ## the commands in real shells, through restarts, and what the doctor finds
	@scripts/need.sh go gcc redis-server nginx lighttpd zsh fish mandoc groff
	@scripts/suite.sh cli ./e2e/cli

test-admin-page: ## the page of the admin listener: by mouse, by keyboard and on a phone; 10,000 rooms
	@scripts/need.sh go node npm gcc redis-server chromium
	@scripts/frontend.sh deps
	@scripts/suite.sh admin-page ./e2e/adminpage

test-admin: ## the admin listener: its calls on two nodes, 10,000 rooms, attacks
	@scripts/need.sh go gcc curl redis-server
	@scripts/suite.sh admin ./e2e/admin

test-deploy: ## the configurations of docs/deploy.md, and certificates from a real ACME server
	@scripts/need.sh go gcc curl redis-server chromium nginx haproxy apache2 lighttpd caddy varnishd
	@scripts/suite.sh deploy ./e2e/deploy

test-stores: ## Sentinel, Cluster and replicas, with failovers
	@scripts/need.sh go gcc redis-server
	@scripts/suite.sh stores './redisstore ./e2e/faults' -run '$(STORES)'

test-faults: ## what breaks, and what is promised all the same
	@scripts/need.sh go gcc redis-server
	@scripts/suite.sh faults ./e2e/faults -skip '$(STORES)|^TestStorm$$|Upgrade'

test-upgrade: ## nodes of an earlier commit beside this one's, replaced one after another
	@scripts/need.sh go gcc git redis-server haproxy
	@scripts/suite.sh upgrade ./e2e/faults -run 'Upgrade'

test-packages: ## what make release builds, installed and run; some of it needs root and a Debian mirror
	@scripts/need.sh go gcc git curl file redis-server debootstrap lintian strace systemd-analyze systemd-nspawn setpriv pgrep
	@scripts/suite.sh packages ./e2e/packages

test-storm: ## thousands of readers that come back at once
	@scripts/need.sh go gcc redis-server
	@scripts/suite.sh storm ./e2e/faults -run '^TestStorm$$'

test-load: ## every measurement of e2e/load with small numbers
	@scripts/need.sh go gcc redis-server
	@scripts/suite.sh load ./e2e/load

test-metrics: ## a real Prometheus that scrapes real nodes; the dashboard and the alerts
	@scripts/need.sh go gcc redis-server prometheus promtool
	@scripts/suite.sh metrics ./e2e/metrics

test-fuzz: ## the seeds of every fuzz target
	@scripts/need.sh go gcc
	@scripts/suite.sh fuzz ./... -run '^Fuzz'

test-webhooks: ## webhooks with real receivers, while nodes are killed and receivers fail
	@scripts/need.sh go gcc redis-server
	@scripts/suite.sh webhooks ./e2e/webhooks

test-audit: ## known vulnerabilities in what the program is built of; without the databases it says so
	@scripts/need.sh go node npm gcc curl
	@scripts/suite.sh audit ./e2e/audit
	@scripts/audit.sh

# By name: the tests that need more than one Redis.
STORES := Sentinel|Cluster|Slot|Replicas

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

DURATION ?= 10m
SEED ?= 0

faults: ## break things at random for DURATION (10m), chosen by SEED, and check every promise
	@scripts/need.sh go gcc redis-server
	go test -race -timeout 0 -count 1 -run '^TestChaos$$' -v ./e2e/faults -duration $(DURATION) -seed $(SEED)
