# Everything that is done with this repository; `make` lists it.
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory
GO          ?= go
RELEASE     ?=# the version of a release build; otherwise the commit says it

# what `make test` does, in this order
STEPS := deps build pages format vet lint tidy unit packages smoke e2e private

# logs and metrics of the program while it is tested
SAID    := $(CURDIR)/.cache/said

# the dashboard, which Node builds: make build UI=no leaves it out
UI      ?= yes
UIDIR   := internal/admin/ui
UIFILES := $(shell find $(UIDIR)/src -type f) $(addprefix $(UIDIR)/,build.mjs package.json package-lock.json)

.PHONY: help run test $(STEPS) ui fuzz soak bench push cover deb docker clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## run it: a whole world to watch, or with UPSTREAM=https://mail.example.com in front of that server (LISTEN=:8443)
	@$(if $(UPSTREAM),bin/diastole serve --upstream "$(UPSTREAM)" $(if $(LISTEN),--listen "$(LISTEN)"),bin/diastole demo)

test: ## all that CI runs: the steps below, one after the other
	@begin=$$SECONDS; n=0; \
	for step in $(STEPS); do \
	  n=$$((n + 1)); at=$$SECONDS; \
	  printf '\n[%d of $(words $(STEPS))] make %s\n' $$n $$step; \
	  $(MAKE) $$step; \
	  printf '%s: %d s\n' $$step $$((SECONDS - at)); \
	done; \
	printf '\nAll of it passed in %d s.\n' $$((SECONDS - begin))

deps: ## install what the tests need from Debian (root), or say what is missing
	@test/deps

ui: ## bundle the dashboard, which the program then has in it
	@if [ "$(UI)" = no ] || ! command -v npm >/dev/null; then echo "ui: no npm, or UI=no: this build has no dashboard"; \
	else $(MAKE) -s $(UIDIR)/dist/app.js || { echo "ui: the dashboard could not be made; UI=no builds without it" >&2; exit 1; }; fi

$(UIDIR)/dist/app.js: $(UIDIR)/node_modules/.package-lock.json $(UIFILES)
	@cd $(UIDIR) && node build.mjs

# without the scripts of packages: nothing that comes from a registry runs before it is asked to
$(UIDIR)/node_modules/.package-lock.json: $(UIDIR)/package-lock.json
	@cd $(UIDIR) && npm ci --ignore-scripts --no-audit --no-fund && touch node_modules/.package-lock.json

build: ui ## build bin/diastole, static, with the dashboard
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.release=$(RELEASE)" -o bin/diastole ./cmd/diastole

pages: build ## the dashboard: its types against the API, its logic, and every page of it in a browser
	@cd $(UIDIR) && node types.mjs check && npx tsc --noEmit && npm test --silent
	@if command -v chromium >/dev/null || [ -n "$${CI:-}" ]; then cd $(UIDIR) && DIASTOLE_BINARY=$(CURDIR)/bin/diastole npm run --silent browser; \
	else echo "pages: no chromium here: no page was opened in a browser"; fi

format: ## fail where gofmt would change something
	@wrong=$$(gofmt -l .); [ -z "$$wrong" ] || { echo "gofmt -w these:"; echo "$$wrong"; exit 1; }

vet: ## go vet
	$(GO) vet ./...

lint: ## staticcheck, in the version of go.mod
	$(GO) tool staticcheck ./...

tidy: ## fail where go.mod or go.sum is not what go mod tidy would write
	$(GO) mod tidy -diff

unit: ## every test but the end-to-end ones, with the race detector, in random order
	@rm -rf $(SAID) && mkdir -p $(SAID)
	DIASTOLE_OUTPUT=$(SAID) $(GO) test -race -shuffle=on -timeout 15m $$($(GO) list ./... | grep -v /test/e2e)

packages: deb ## the Debian package, the Helm chart and the Compose examples; the module of their tests
	@cd test/package && $(GO) vet ./... && $$($(GO) -C ../.. tool -n staticcheck) ./... && $(GO) mod tidy -diff && $(GO) test -shuffle=on -timeout 10m ./...

smoke: ## every fuzz target for three seconds
	@test/fuzz 3s

e2e: ## the real binary in front of a real server (SOGo), as phones see it
	@mkdir -p $(SAID)
	DIASTOLE_OUTPUT=$(SAID) $(GO) test -race -shuffle=on -count=1 -timeout 20m -v ./test/e2e | grep --line-buffered -v -E '^=== (RUN|PAUSE|CONT|NAME)'

private: ## look for the users, devices and passwords of the tests in what unit and e2e made the program say
	DIASTOLE_SAID=$(SAID) $(GO) test -count=1 -v -run TestNothing ./test/private

fuzz: ## every fuzz target for T (make fuzz T=1m)
	@test/fuzz $(or $(T),1m)

soak: ## two nodes, Redis and phones that move while all of them die, for T (make soak T=1h); prints its figures
	@test/deps
	DIASTOLE_SOAK=$(or $(T),5m) $(GO) test -count=1 -run PhonesMove -timeout 24h -v ./test/nodes | grep --line-buffered -v -E '^=== (RUN|PAUSE|CONT|NAME)'

bench: ## benchmarks of codec and proxy, then everything beside nginx, HAProxy, Caddy and Pushpin: docs/benchmarks.md, in 40 min (see test/bench/doc.go)
	@test/deps nginx haproxy caddy pushpin
	$(GO) test -run '^$$' -bench . -benchmem ./wbxml/... ./proxy/...
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 3h -v ./test/bench

push: build ## how fast a mail is told of, for each source, in front of SOGo (root): docs/push.md, in 12 min
	@test/deps
	DIASTOLE_BINARY=$(CURDIR)/bin/diastole $(GO) test -run '^$$' -bench Push -benchtime 1x -timeout 1h -v ./test/e2e

cover: ## which lines the tests reach, unit and end-to-end together
	@test/cover

# nfpm brings a hundred modules: they are the tests' of packages, not the product's
.cache/nfpm: test/package/go.mod
	@mkdir -p .cache && cd test/package && $(GO) build -o ../../.cache/nfpm github.com/goreleaser/nfpm/v2/cmd/nfpm

deb: build .cache/nfpm ## build the Debian package, bin/diastole_VERSION_ARCH.deb
	@gzip -9nc deploy/deb/diastole.8 > bin/diastole.8.gz
	@VERSION=$(patsubst v%,%,$(or $(RELEASE),0.0.0~dev)) ARCH=$$($(GO) env GOARCH) .cache/nfpm package -f deploy/deb/nfpm.yaml -p deb -t bin/

docker: ## build the image; without an engine, check what would go into it
	@if docker info >/dev/null 2>&1; then docker build --build-arg RELEASE=$(RELEASE) -t diastole:$(or $(RELEASE),latest) .; \
	else echo "no Docker engine here: checking the Dockerfile and its static binary instead"; \
	  $(GO) test -count=1 -run 'TestTheImage' -v .; fi

clean: ## remove what was built
	rm -rf bin .cache $(UIDIR)/node_modules $(UIDIR)/.built
	find $(UIDIR)/dist -type f ! -name .gitignore -delete
