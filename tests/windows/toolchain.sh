# Sourced: a Rust toolchain for Windows out of Debian's packages.
#
# Debian's rustc-web has the standard library's source with it (rust-web-src), so cargo builds that, too. Where it is
# older than the workspace asks for, `rustc` here switches on what has become stable in between.

toolchain_packages="rustc-web rust-web-src gcc-mingw-w64-x86-64 g++-mingw-w64-x86-64"

install_toolchain() {
    # shellcheck disable=SC2086
    dpkg -s $toolchain_packages >/dev/null 2>&1 && return
    # shellcheck disable=SC2086
    { apt-get -q update && apt-get -q install -y --no-install-recommends $toolchain_packages; } >/dev/null ||
        { echo "these packages are missing: $toolchain_packages" >&2; return 1; }
}

# Cargo with $target.
cargo_windows() {
    local upper=${target^^} objects=$out/objects-$target
    upper=${upper//-/_}
    start_objects "$objects" || return
    env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTC_WORKSPACE_WRAPPER="$here/rustc" CARGO_TARGET_DIR="$out" \
        "CARGO_TARGET_${upper}_LINKER=x86_64-w64-mingw32-gcc" \
        "CARGO_TARGET_${upper}_RUSTFLAGS=-Lnative=$objects" \
        cargo "$1" -Zbuild-std=std,panic_unwind,test --target "$target" --ignore-rust-version --locked "${@:2}"
}

# The objects that a program of this target begins and ends with: the standard library has their source, but cargo does
# not build them.
start_objects() {
    local source object
    source=$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/rtstartup
    mkdir -p "$1"
    for object in rsbegin rsend; do
        [ -e "$1/$object.o" ] ||
            RUSTC_BOOTSTRAP=1 /usr/bin/rustc --target "$target" --emit=obj -o "$1/$object.o" "$source/$object.rs" || return
    done
}
