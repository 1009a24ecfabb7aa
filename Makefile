# Everything a person types, by name. `make` lists the targets.
#
#   make run CORES=2 ARGS="--config experiment=my_experiment experiments_root=../my-study"
#   make test ARGS="tests/unit -k schema"
#   make report REPORT=report.zip

# The Python to build .venv with: 3.11, 3.12 or 3.13.
PYTHON ?= python3
# Groups of pyproject.toml that .venv has besides: slurm, s3, other-clouds, jobs, stock. Later setups keep them.
KNOWN := $(shell cat .venv/.with 2>/dev/null)
WITH ?= $(KNOWN)
# How many cores to use: a number, or all.
CORES ?= all
# Added to the snakemake command (run, report), the pytest command (test, bench), the build (image) or
# terraform (tf-...).
ARGS ?=
# Of `make mutants`: the number that names the sample, its size, and one folder to take it from.
SEED ?= 1
SAMPLE ?= 200
FOLDER ?= src
# Of `make fuzz`: how many cases; SEED is the number that names them.
CASES ?= 100000
# Of `make chaos`: how many runs; SEED is the number that names them.
RUNS ?= 200
# What `make report` writes: a page that holds all, or a .zip of a page with the figures beside it.
REPORT ?= report.html
# Where image-push and image-cloud put the image; by default that of terraform/ in the project and
# region of profiles/gcp.
REPOSITORY ?=
# Whether image-cloud waits for the build: yes or no; image-status tells how it ended.
WAIT ?= yes
# The bucket of terraform's state, for tf-init (docs/infrastructure.md).
STATE_BUCKET ?=
# What builds the images (docker, podman or buildah), on which base, and from which commit.
CONTAINERS ?= docker
MINOR = $(shell $(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
BASE_DIGEST = docker/python-$(MINOR)-slim.digest
PYTHON_IMAGE ?= python:$(MINOR)-slim$(addprefix @,$(shell cat $(BASE_DIGEST) 2>/dev/null))
REVISION ?= $(shell git describe --always --dirty --abbrev=40 --exclude='*')

BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake --profile profiles/local
TERRAFORM := terraform -chdir=terraform
PUSH_IMAGE = $(BIN)/python scripts/push_image.py --revision $(REVISION) --python-image $(PYTHON_IMAGE) \
	$(if $(REPOSITORY),--repository $(REPOSITORY))
DIST_TOOL = UV_PROJECT_ENVIRONMENT=.tools/dist .tools/uv run --quiet --locked --only-group dist
DOCS_TOOL = UV_PROJECT_ENVIRONMENT=.tools/docs .tools/uv run --quiet --locked --only-group docs
WORKERS := $(if $(filter all,$(CORES)),auto,$(CORES))

# Written by runs and tools; nothing that git tracks is ever removed.
GENERATED := results logs benchmarks report.html report.zip .epyflow .snakemake \
	.pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist site .cache \
	fetched/rehearsal ':(glob)examples/*/fetched/**' ':(glob)examples/*/.snakemake/**' \
	':(glob)src/**/__pycache__/**' ':(glob)tests/**/__pycache__/**' \
	':(glob)workflow/**/__pycache__/**' ':(glob)scripts/**/__pycache__/**' \
	':(glob)packages/**/__pycache__/**'

# uv uses the machine's Python and this folder's .venv, whatever environment is active.
export UV_PYTHON_DOWNLOADS := never
# Every job of a run is a process: it should not compile what it imports.
export UV_COMPILE_BYTECODE := 1
export UV_PROJECT_ENVIRONMENT := .venv
unexport VIRTUAL_ENV
# What is imported from this folder is compiled once, too, and not by each of the processes.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run report rehearse rehearse-jobs test bench fuzz chaos mutants image image-base \
	image-push image-cloud \
	image-status dist docs tf-init tf-plan tf-apply tf-destroy tf-output lint lint-terraform \
	audit audit-history advisories licences format clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  CORES=2 limits the cores; ARGS="..." is added to the snakemake or pytest command.'

setup: .venv/.synced ## Install uv into .tools, and the locked packages (WITH="slurm" ...) into .venv

run: setup ## Run the example experiment, then write its report
	@$(BIN)/epyflow warm
	@echo "Running on CORES=$(CORES)."
	$(SNAKEMAKE) --cores $(CORES) $(ARGS)
	@$(MAKE) --no-print-directory report
	@newest=$$(ls -t $$(find results -name run_metadata.json) | head -n 1); \
	echo; \
	echo "Tables    $${newest%/*}/*.csv.gz"; \
	echo "Metadata  $$newest"; \
	echo "Report    $(REPORT)"

report: setup ## Write REPORT (report.html, or report.zip for large runs) for a finished run
	$(SNAKEMAKE) --report $(REPORT) $(ARGS)

PLAYED := Rehearsal: an emulator on this machine plays Google Cloud. Nothing is sent to Google, nothing is spent.
REHEARSED := fetched/rehearsal
# The emulator's bucket ends with it, so that its results are copied before.
rehearse: KEEP = $(if $(filter -n --dry-run --dryrun,$(ARGS)),,&& $(BIN)/epyflow fetch "*" \
	--storage $(EPYFLOW_GCP_STORAGE) --to $(REHEARSED) --force)
# Names that nobody has; the emulator takes any.
rehearse: export EPYFLOW_GCP_PROJECT := rehearsal
rehearse: export EPYFLOW_GCP_REGION := us-central1
rehearse: export EPYFLOW_GCP_STORAGE := gs://rehearsal/epyflow
rehearse: export EPYFLOW_GCP_IMAGE := rehearsal/epyflow@sha256:$(shell printf '%064d' 0)
rehearse: export EPYFLOW_GCP_SERVICE_ACCOUNT := tasks@rehearsal.iam.gserviceaccount.com
rehearse: setup ## Run the example with profiles/gcp on an emulator of Google Batch
	@echo "$(PLAYED)"
	$(BIN)/google-batch-emulator run --project rehearsal --bucket rehearsal -- sh -c '"$$@" $(KEEP)' sh \
		$(BIN)/snakemake --profile profiles/gcp --seconds-between-status-checks 2 $(ARGS)
	@echo; echo "$(PLAYED)"
	$(if $(KEEP),@echo "Results   $(REHEARSED)/")

# Not in .venv: Snakemake looks into every library of Google that is there, at each start.
rehearse-jobs: setup ## Run examples/batch-jobs on the emulator; ARGS="-s failures.smk" shows failures
	@echo "$(PLAYED)"
	@libraries=$$($(BIN)/python scripts/install_groups.py jobs) && cd examples/batch-jobs && \
	PYTHONPATH=$$libraries $(CURDIR)/$(BIN)/google-batch-emulator run --project my-project \
		--bucket my-bucket --secrets rehearsal-secrets.json --faults rehearsal-faults.json \
		--expose $$libraries --env PYTHONPATH=$$libraries -- \
		$(CURDIR)/$(BIN)/snakemake --profile profile --seconds-between-status-checks 1 $(ARGS)
	@echo; echo "$(PLAYED)"
	@echo "Results   examples/batch-jobs/fetched/"

test: setup ## Run the tests
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

bench: setup ## Run the benchmarks (tests/benchmarks/bench_*.py) and print what they measure
	$(BIN)/pytest tests/benchmarks -o python_files='bench_*.py' -s $(ARGS)

fuzz: setup ## Damage CASES files of every kind that is read, with SEED, and list what no reader may do
	$(BIN)/python -m tests.fuzz --cases $(CASES) --seed $(SEED) \
		--cores $(if $(filter all,$(CORES)),$(shell nproc),$(CORES)) $(ARGS)

chaos: setup ## Disturb RUNS small runs, with SEED, and compare their tables with those of an undisturbed one
	PYTHONPATH=scripts $(BIN)/python -m tests.chaos.campaign --runs $(RUNS) --seed $(SEED) $(ARGS)

mutants: setup ## Change SAMPLE tokens of the sources, one at a time, and list what no test notices
	$(BIN)/python scripts/mutants.py --seed $(SEED) --sample $(SAMPLE) --folder $(FOLDER)

image: setup ## Build the container images epyflow:local and epyflow:cloud (docs/container.md)
	@for target in local cloud; do \
	  $(CONTAINERS) build --file docker/Dockerfile --target $$target --tag epyflow:$$target \
	    --build-arg PYTHON_IMAGE=$(PYTHON_IMAGE) --build-arg REVISION=$(REVISION) \
	    --build-arg PLUGINS=$(filter s3,$(WITH)) \
	    --build-arg VERSION=$(lastword $(shell $(BIN)/epyflow --version)) $(ARGS) . || exit 1; \
	done

image-base: setup ## Write the digest of the newest python:<version>-slim to docker/, to be committed
	docker buildx imagetools inspect python:$(MINOR)-slim --format '{{.Manifest.Digest}}' >$(BASE_DIGEST).new
	mv $(BASE_DIGEST).new $(BASE_DIGEST)

image-push: check-base image ## Push epyflow:cloud to REPOSITORY and name its digest in profiles/gcp/site.yaml
	$(PUSH_IMAGE) --containers $(CONTAINERS)

.PHONY: check-base
check-base: setup
	@$(PUSH_IMAGE) --check

image-cloud: setup ## The same, built by Google Cloud Build; WAIT=no does not wait for it
	$(PUSH_IMAGE) --cloud $(if $(filter no,$(WAIT)),--no-wait) $(ARGS)

image-status: setup ## List builds of image-cloud; if this commit's is done, name its digest
	$(PUSH_IMAGE) --status

dist: setup ## Build epyflow and packages/ into dist/, and check them (docs/releasing.md)
	rm -rf dist
	.tools/uv build --quiet --all-packages --out-dir dist
	$(DIST_TOOL) twine check --strict dist/*.whl dist/*.tar.gz
	$(DIST_TOOL) check-wheel-contents dist
	$(BIN)/python scripts/check_distributions.py dist $(ARGS)

docs: setup ## Build the site of the documentation into site/html; a broken link is an error
	rm -rf site
	$(BIN)/python scripts/docs_pages.py site/sources
	$(DOCS_TOOL) zensical build --strict --config-file mkdocs.yml
	@echo "Site      site/html/index.html"

tf-init: ## Prepare terraform, with its state in STATE_BUCKET (docs/infrastructure.md)
	@test -n "$(STATE_BUCKET)" || { echo "give the bucket: make tf-init STATE_BUCKET=NAME"; exit 1; }
	$(TERRAFORM) init -backend-config=bucket=$(STATE_BUCKET) $(ARGS)

tf-plan: ## Show what terraform would change in the project, and keep the plan
	$(TERRAFORM) plan -out plan.tfplan $(ARGS)

tf-apply: ## Change what tf-plan has shown
	$(TERRAFORM) apply $(ARGS) plan.tfplan

tf-destroy: setup ## Delete what terraform made, after a pause and the name of the project
	@$(BIN)/python scripts/confirm_destroy.py -- $(TERRAFORM)
	$(TERRAFORM) destroy $(ARGS)

tf-output: setup ## Show terraform's outputs, and write them to profiles/gcp/site.yaml
	$(TERRAFORM) output
	$(TERRAFORM) output -json | $(BIN)/epyflow cloud configure -

lint: setup ## Check style, types, imports, the workflow's form and the Dockerfile; change nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check workflow examples
	$(SNAKEMAKE) --lint
	$(BIN)/hadolint docker/Dockerfile

# Needs no network.
audit: setup ## Check advisories, licences of packages, and the tracked files for secrets (SECURITY.md)
	$(BIN)/python scripts/advisories.py
	$(BIN)/python scripts/licences.py
	$(BIN)/python scripts/secret_search.py

audit-history: setup ## Search all that was ever committed for secrets
	$(BIN)/python scripts/secret_search.py --history

advisories: setup ## Fetch the advisories of the locked packages into .ci/, and check against them
	$(BIN)/python scripts/advisories.py --fetch

licences: setup ## List the licences of the locked packages in docs/licences.md, and check them
	UV_PROJECT_ENVIRONMENT=.tools/licences .tools/uv sync --quiet --locked --all-groups --all-packages --no-install-workspace
	.tools/licences/bin/python scripts/licences.py --write

# checkov has its own pins, so it gets its own environment; --skip-download keeps it off the network.
lint-terraform: setup ## Check terraform/: its form where terraform is installed, and its security
	@if command -v terraform >/dev/null; then terraform -chdir=terraform fmt -check -recursive; \
	else echo "terraform is not installed: the form of terraform/ is not checked"; fi
	.tools/uv tool run --python $(BIN)/python checkov@3.3.30 --directory terraform \
	  --framework terraform --skip-download --quiet --compact

format: setup ## Put the code into the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt workflow examples

clean: ## Remove results, logs, reports and caches; keep .venv and whatever git tracks
	git clean -fdxq -- $(GENERATED)

# Brought up to date only when the lock or a pyproject.toml has changed.
.venv/.synced: .tools/uv uv.lock pyproject.toml $(wildcard packages/*/pyproject.toml)
	.tools/uv sync --locked --python $(PYTHON) $(addprefix --group ,$(WITH))
	@echo $(WITH) > .venv/.with
	@touch $@

ifneq ($(strip $(WITH)),$(strip $(KNOWN)))
.venv/.synced: again
endif
again:

.tools/uv: scripts/bootstrap_uv.py scripts/uv.txt
	@$(PYTHON) scripts/bootstrap_uv.py
