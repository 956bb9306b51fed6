# Sourced: cargo for other targets, the standard library included, with Debian's Rust.
#
# Debian's rustc-web comes with the standard library's source (rust-web-src) of the same version, so cargo builds that
# as well. If it is older than the workspace requires, `tests/rustc` enables the features that have become stable since.

std_packages="rustc-web rust-web-src"

# install_packages NAME...
install_packages() {
    dpkg -s "$@" >/dev/null 2>&1 && return
    { apt-get -q update && apt-get -q install -y --no-install-recommends "$@"; } >/dev/null ||
        { echo "these packages are missing: $*" >&2; return 1; }
}

# cargo_std TARGET LINKER RUSTFLAGS COMMAND ARGUMENTS...: cargo, with its output below $out.
cargo_std() {
    local target=$1 linker=$2 flags=$3 command=$4 upper=${1^^}
    upper=${upper//-/_}
    env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTC_WORKSPACE_WRAPPER="$project/tests/rustc" CARGO_TARGET_DIR="$out" \
        "CARGO_TARGET_${upper}_LINKER=$linker" "CARGO_TARGET_${upper}_RUSTFLAGS=$flags" \
        cargo "$command" -Zbuild-std=std,panic_unwind,test --target "$target" --ignore-rust-version --locked "${@:5}"
}

# test_program EXECUTABLES NAME: the path of the test program NAME, from cargo's output: Executable
# tests/rust_api/main.rs (target/…/rust_api-0123456789abcdef.exe)
test_program() { sed -n "s|.*(\(.*/$2-[0-9a-f]*\(\.exe\)\?\))\$|\1|p" "$1" | head -n 1; }
