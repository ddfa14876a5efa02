# Everything there is to do with Steward, each by one word. `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run test lint audit fuzz bench setup tools docs

# What plugins can be written in other than Rust.
LANGUAGES := python javascript typescript go c zig

# Checkers of the shell scripts, the Dockerfile and docker-compose.yml; setup puts them there.
TOOLS := target/tools/bin

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start Steward, and chat with it right here
	cargo run --locked --release

test: lint ## install what the tests need, then run everything that must pass
	@# The end-to-end tests run this very binary, built as it ships: without the features that tests add to its crates.
	cargo build --locked --package steward
	@# The compilers of plugins in other languages, at the versions the program itself names.
	@for language in $(LANGUAGES); do \
		target/debug/steward plugin toolchain $$language --toolchains target/toolchains >/dev/null; \
	done
	cargo test --locked --workspace --doc --quiet
	cargo nextest run --locked --workspace

lint: setup ## check format, lints, the repository, licences, scripts, the image and the compose file
	cargo fmt --all --check
	cargo fmt --check --manifest-path sdk/examples/rust/Cargo.toml
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo xtask tidy
	@# Warnings, of which crates are there twice, are shown by `cargo deny check bans`.
	cargo deny --locked --log-level error check licenses bans sources
	$(TOOLS)/shellcheck .ci/run tests/setup/install.sh
	$(TOOLS)/hadolint Dockerfile
	$(TOOLS)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(TOOLS)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(TOOLS)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml

audit: setup ## look for dependencies with known faults (RustSec); a release is made only after it
	@# The database is the Git repository https://github.com/RustSec/advisory-db. It is fetched into ~/.cargo/advisory-dbs.
	@if cargo deny --locked fetch db; then \
		cargo deny --locked check --disable-fetch advisories; \
	else \
		echo "make audit: the RustSec database cannot be fetched here, so NOTHING was checked." >&2; \
		echo "  It comes from https://github.com/RustSec/advisory-db by git: run this where github.com can be reached, or" >&2; \
		echo "  name a mirror under [advisories] in deny.toml: db-urls = [\"https://…/advisory-db\"]." >&2; \
		exit 1; \
	fi

# How long `make fuzz` feeds each parser, and which ones (all, if none is named).
SECONDS := 60
TARGETS :=

fuzz: ## feed each parser with broken input: SECONDS=60 each, TARGETS="dates html" only these
	cargo run --locked --package steward-fuzz -- $(SECONDS) $(TARGETS)

bench: ## measure; prints ratios within one run
	cargo build --locked --release --package steward
	@# For plugins that bring an interpreter along; where a compiler cannot be fetched, its row is left out.
	@for language in javascript python; do \
		target/release/steward plugin toolchain $$language --toolchains target/toolchains >/dev/null || true; \
	done
	cargo run --locked --release --package steward-benches

tools: ## write what the built-in plugins say of their tools, after one of them was changed
	STEWARD_WRITE_TOOLS=1 cargo nextest run --locked --package steward-sandbox builtin::known_tools

docs: ## write the pages of docs/reference that follow from the code
	cargo xtask docs

setup: ## install what the tests need and what is missing
	@tests/setup/install.sh
