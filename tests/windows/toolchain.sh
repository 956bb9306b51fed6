# Sourced: a Rust toolchain for Windows, made from Debian's packages.

. "$project/tests/std.sh"

install_toolchain() {
    # shellcheck disable=SC2086
    install_packages $std_packages gcc-mingw-w64-x86-64 g++-mingw-w64-x86-64
}

# Cargo with $target.
cargo_windows() {
    local objects=$out/objects-$target
    start_objects "$objects" || return
    cargo_std "$target" x86_64-w64-mingw32-gcc "-Lnative=$objects" "$@"
}

# The first and last objects of a program for this target: their source is in the standard library, but cargo does not
# build them.
start_objects() {
    local source object
    source=$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/rtstartup
    mkdir -p "$1"
    for object in rsbegin rsend; do
        [ -e "$1/$object.o" ] ||
            RUSTC_BOOTSTRAP=1 /usr/bin/rustc --target "$target" --emit=obj -o "$1/$object.o" "$source/$object.rs" ||
            return
    done
}
