# `make help` lists the targets. Everything runs in .venv, which is made from the hash-pinned lock.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
WORKERS ?= 2
TOKEN_STEPS ?= 5000
TIMING_TRIES ?= 300
CONSUMER_EVENTS ?= 10000
AUDIT_ROWS ?= 1000000
EXPORT_ROWS ?= 1000000
FAULT_OPERATIONS ?= 20000
FAULTS ?= 48
CONFORMANCE_EXAMPLES ?= 200
DATA_USERS ?= 100000
MIGRATION_USERS ?= 100000
ROUNDS ?= 5
BENCH_TIME := $(or $(SECONDS),3)
BENCH_WORKERS ?= 2
BENCH_USERS ?= 10000
CALLS ?= get-me
GROWTH_USERS ?= 1000000
GROWTH_ROUNDS ?= 7
ENDURANCE_REQUESTS ?= 200000

# Quiet, and without questions; a virtual environment is the right place for root as well.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore

BIN := .venv/bin
RUN := $(BIN)/python -m
VENV := .venv/.ready
# Paths are relative: a checkout may lie anywhere, also where a folder has a space in its name.

.PHONY: help dev-up dev-down dev-clean migrate sqlc proto openapi lint format types architecture \
	check test test-long lifecycle-long cluster-long tokens-long consumer-long timing-long export-long faults audit-long data-long bench-audit \
	docs-browser conformance observability alerts-check migrations-check migrations-long bench bench-check bench-publish bench-growth \
	endurance profile capacity capacity-check lock clean argon2 deploy-check images image-test tls-scan tls-long

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' Makefile

$(VENV): requirements/dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …' >&2; exit 1; }
	@echo 'setting up .venv (once; again when requirements/dev.lock changes)'
	@$(PYTHON) -m venv .venv
	@$(RUN) pip install -qq --use-pep517 --require-hashes -r requirements/dev.lock
	@# The sources are imported from where they lie, and so is the generated code.
	@$(BIN)/python -c 'import pathlib, sysconfig; \
		folder = sysconfig.get_path("purelib"); here = pathlib.Path.cwd(); \
		pathlib.Path(folder, "pandora.pth").write_text("%s\n%s/gen\n" % (here, here))'
	@touch $@

dev-up: $(VENV) ## start everything on this machine, ready for use (safe to repeat); TLS=1: by TLS
	@$(RUN) devstack up $(if $(filter 1,$(TLS)),--tls)

dev-down: $(VENV) ## stop what dev-up started; data stays
	@$(RUN) devstack down

dev-clean: $(VENV) ## stop what dev-up started and delete its data
	@$(RUN) devstack clean

migrate: $(VENV) ## bring the development database up to the newest migration
	@$(RUN) devstack exec --migrator -- $(RUN) core migrate

sqlc: $(VENV) ## check every SQL statement against a freshly migrated database
	@$(RUN) devstack run -- sh -c '$(RUN) tools.sqlc --dsn "$$DATABASE_ADMIN_URL"'

proto: $(VENV) ## regenerate gen/ from proto/
	@$(RUN) tools.proto generate

openapi: $(VENV) ## write docs/openapi.json, what the gateway serves as /openapi.json
	@$(RUN) tools.openapi write

lint: $(VENV) ## ruff: rules and format
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .

format: $(VENV) ## let ruff repair what it can
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

types: $(VENV) ## mypy, strict
	@$(RUN) mypy

architecture: $(VENV) ## import-linter: the rooms and their arrows
	@$(BIN)/lint-imports

check: lint types architecture sqlc ## lint, types, architecture, protos, SQL, OpenAPI
	@$(RUN) tools.proto check
	@$(RUN) tools.openapi check

test: $(VENV) ## every test, on real servers
	@$(RUN) pytest --numprocesses $(WORKERS) --dist loadfile

test-long: $(VENV) ## slower tests of the same kind: generated code, imported people, a rotated database password
	@$(RUN) pytest -m long --numprocesses $(WORKERS) --dist loadfile \
		tests/unit/proto_toolchain/test_proto_generation.py tests/e2e/test_imported_people.py \
		tests/e2e/test_rotation.py tests/e2e/test_data_with_dynamic_logins.py

docs-browser: $(VENV) ## use the page at /docs in Chromium; pictures go to build/
	@$(RUN) pytest tests/e2e/browser_docs.py

conformance: $(VENV) ## ask the gateway everything its OpenAPI allows and forbids: CONFORMANCE_EXAMPLES=200
	@CONFORMANCE_EXAMPLES=$(CONFORMANCE_EXAMPLES) $(RUN) pytest -m long -s tests/conformance

# Envoy has a virtual environment of its own: nothing else needs it, and it is large.
build/bench/.ready: bench/requirements.lock
	@$(PYTHON) -m venv build/bench
	@build/bench/bin/python -m pip install -qq --require-hashes -r bench/requirements.lock
	@touch $@

# What checks the files of a deployment is a virtual environment of its own as well: the service and
# its tests need none of it.
DEPLOY := build/deploy/.ready

IMAGE_OPTIONS ?=

$(DEPLOY): requirements/deploy.lock
	@$(PYTHON) -m venv build/deploy
	@build/deploy/bin/python -m pip install -qq --require-hashes -r requirements/deploy.lock
	@touch $@

observability: $(VENV) ## write the dashboards, and the rules of the service level objectives
	@$(RUN) tools.watching write

alerts-check: $(VENV) ## rules, alerts and their unit tests, dashboards; needs promtool (Debian's prometheus)
	@$(RUN) tools.watching check

migrations-check: $(VENV) $(DEPLOY) ## every migration can run beside the service, or was reviewed; needs nothing but pip
	@$(RUN) tools.migrations --squawk build/deploy/bin/squawk
	@$(RUN) pytest -q tests/deploy/squawk_rule.py

migrations-long: $(VENV) ## migrations down and up on MIGRATION_USERS=100000 made-up people; tells the times
	@MIGRATION_USERS=$(MIGRATION_USERS) $(RUN) pytest -m long -s tests/e2e/test_migrations_of_many.py

deploy-check: $(VENV) $(DEPLOY) ## Dockerfiles, compose.yaml, manifests, workflows: schemas, linters, policies
	@$(RUN) tools.deploy
	@$(RUN) pytest tests/deploy/kubernetes_policy.py tests/deploy/delivery_files.py

images: $(VENV) ## build both images: IMAGE_REGISTRY, IMAGE_TAG, BASE_IMAGE, IMAGE_OPTIONS=--local-base
	@$(RUN) tools.deploy.images $(IMAGE_OPTIONS)

image-test: $(VENV) ## run the images' own processes; needs buildah and mmdebstrap, on Debian 12
	@IMAGE_BUILDER=buildah $(RUN) tools.deploy.images --local-base
	@$(RUN) pytest -s tests/deploy/images_in_use.py

argon2: $(VENV) ## compile faster builds of Argon2id, checked against the wheel (exit 3: no compiler at hand)
	@$(RUN) tools.argon2

bench: $(VENV) build/bench/.ready ## floors and the service in one run, judged: ROUNDS=5 SECONDS=3 ONLY=login; needs wrk, h2load
	@$(RUN) bench --envoy build/bench/bin/envoy --rounds $(ROUNDS) --seconds $(BENCH_TIME) \
		--workers $(BENCH_WORKERS) --users $(BENCH_USERS) $(addprefix --only ,$(ONLY))

bench-check: $(VENV) ## what wrk and h2load count as an error, on real servers that fail on purpose
	@$(RUN) pytest tests/bench/generators_in_use.py

bench-publish: $(VENV) ## put the tables and the plot of the last `make bench` into docs/performance.md
	@$(RUN) bench.report

bench-growth: $(VENV) ## GROWTH_USERS=1000000 users beside 10,000: is each operation as fast; ROUNDS, SECONDS
	@$(RUN) bench.growth --users $(GROWTH_USERS) --rounds $(GROWTH_ROUNDS) --seconds $(BENCH_TIME)

endurance: $(VENV) ## ENDURANCE_REQUESTS=200000 of all kinds, then nothing has grown: memory, connections, descriptors, dead rows
	@$(RUN) bench.endurance --requests $(ENDURANCE_REQUESTS) --workers $(BENCH_WORKERS)

profile: $(VENV) build/bench/.ready ## flame graphs and own time of each process under CALLS=get-me (refresh, login, …); go to build/profile
	@$(RUN) bench.profiling $(CALLS) --seconds $(or $(SECONDS),10) --workers $(BENCH_WORKERS)

capacity: $(VENV) ## processor time of an operation in each process, bytes of a row; goes to build/
	@$(RUN) bench.capacity costs

capacity-check: $(VENV) ## predictions of the queueing simulation against a running service (docs/capacity.md)
	@$(RUN) bench.capacity check

cluster-long: $(VENV) ## rolling restarts, reloads, migrations, logins that end, a Vault that is sealed: nothing is lost under load
	@$(RUN) pytest -m long -s tests/e2e/test_cluster.py tests/e2e/test_migration_under_load.py \
		tests/e2e/test_worker_reload.py tests/e2e/test_gateway_workers.py

tokens-long: $(VENV) ## sessions under races and thefts: TOKEN_STEPS=5000; keys rotated under load
	@PANDORA_TOKEN_STEPS=$(TOKEN_STEPS) $(RUN) pytest tests/integration/test_token_machine.py
	@$(RUN) pytest -m long tests/e2e/test_key_rotation.py

lifecycle-long: $(VENV) ## dev-up and dev-down again and again, kills, shutdowns, a frozen Redis
	@$(RUN) pytest -m long tests/integration/test_devstack_development.py tests/e2e/test_shutdown.py \
		tests/e2e/test_idempotency_outlives_a_kill.py tests/e2e/test_throttling.py

consumer-long: $(VENV) ## CONSUMER_EVENTS=10000 events, a tenth twice, some malformed, two replicas killed
	@CONSUMER_EVENTS=$(CONSUMER_EVENTS) $(RUN) pytest -s tests/e2e/test_consumer_process.py

faults: $(VENV) ## FAULT_OPERATIONS=20000 acknowledged, FAULTS=48 beside them; nothing is lost or half done
	@FAULT_OPERATIONS=$(FAULT_OPERATIONS) FAULTS=$(FAULTS) $(RUN) pytest -s tests/faults

timing-long: $(VENV) ## times of answers: TIMING_TRIES=300 tries of each class, medians within 10 %
	@TIMING_TRIES=$(TIMING_TRIES) $(RUN) pytest -m long -s tests/e2e/test_timing.py

export-long: $(VENV) ## the export of the audit log: EXPORT_ROWS=1000000 rows, time and memory
	@EXPORT_ROWS=$(EXPORT_ROWS) $(RUN) pytest -s tests/e2e/test_audit_export.py

audit-long: $(VENV) ## verification and attacks on a log of AUDIT_ROWS=1000000 rows; tells the times
	@AUDIT_ROWS=$(AUDIT_ROWS) $(RUN) pytest -s tests/e2e/test_audit_log.py

data-long: $(VENV) ## DATA_USERS=100000 made up, verified, cloned (killed once), scanned: build/data-long.json
	@DATA_USERS=$(DATA_USERS) $(RUN) pytest -s -m 'long or not long' \
		tests/e2e/test_anonymized_clone.py tests/e2e/test_data_at_scale.py

# The scanner has a virtual environment of its own as well.
build/tls/.ready: requirements/tls.lock
	@$(PYTHON) -m venv build/tls
	@build/tls/bin/python -m pip install -qq --require-hashes -r requirements/tls.lock
	@touch $@

tls-scan: $(VENV) build/tls/.ready ## sslyze looks at every door for weak protocols and ciphers
	@$(RUN) pytest -s tests/tls/scan.py

TLS_JOURNEYS := $(addprefix tests/e2e/test_,journey_rest.py journey_grpc.py refresh_key_changes.py \
	health.py)

tls-long: tls-scan ## end to end by TLS alone: journeys, health; attacks on every door; renewal
	@$(RUN) pytest -m long --numprocesses $(WORKERS) --dist loadfile tests/tls
	@PANDORA_TEST_TLS=1 $(RUN) pytest --numprocesses $(WORKERS) --dist loadfile $(TLS_JOURNEYS)

bench-audit: $(VENV) ## what sealing costs 16 writers: BENCH_ROUNDS=40 pairs of rounds of BENCH_SECONDS=2
	@$(RUN) tests.bench.audit_writers

LOCKING := pip compile --quiet --upgrade --generate-hashes --no-emit-index-url \
	--no-emit-find-links --universal --python-version 3.11
LOCK := $(LOCKING) pyproject.toml

lock: ## pin the newest allowed dependencies, with hashes
	@$(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip install --quiet uv
	@UV_CUSTOM_COMPILE_COMMAND='make lock' build/lock/bin/uv $(LOCK) -o requirements/runtime.lock
	@UV_CUSTOM_COMPILE_COMMAND='make lock' build/lock/bin/uv $(LOCK) --extra dev \
		--constraint requirements/runtime.lock -o requirements/dev.lock
	@# What an image holds of runtime.lock: each program's own packages, in the same versions.
	@for program in core gateway; do UV_CUSTOM_COMPILE_COMMAND='make lock' build/lock/bin/uv $(LOCKING) \
		--constraint requirements/runtime.lock requirements/$$program.in -o requirements/$$program.lock; done
	@UV_CUSTOM_COMPILE_COMMAND='make lock' build/lock/bin/uv $(LOCKING) requirements/deploy.in \
		-o requirements/deploy.lock
	@UV_CUSTOM_COMPILE_COMMAND='make lock' build/lock/bin/uv $(LOCKING) requirements/tls.in \
		-o requirements/tls.lock
	@UV_CUSTOM_COMPILE_COMMAND='make lock' build/lock/bin/uv $(LOCKING) --no-deps \
		--constraint requirements/runtime.lock requirements/argon2.in -o requirements/argon2.lock
	@UV_CUSTOM_COMPILE_COMMAND='make lock' build/lock/bin/uv $(LOCKING) requirements/argon2-tools.in \
		-o requirements/argon2-tools.lock
	@UV_CUSTOM_COMPILE_COMMAND='make lock' build/lock/bin/uv $(LOCKING) bench/requirements.in \
		-o bench/requirements.lock

clean: dev-clean ## dev-clean, and remove caches
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
