# Sourced in the project's directory: development tools of crates.io that no package has.

# cargo_tool NAME VERSION: compiles it, once, and puts it in PATH. It runs for seconds, so it is hardly optimised.
cargo_tool() {
    local tool=$PWD/target/tools/$1-$2
    if [ ! -x "$tool/bin/$1" ]; then
        CARGO_TARGET_DIR=$tool/build CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
            nice cargo install --quiet --locked --version "$2" --root "$tool" "$1" || return
        rm -rf "$tool/build"
    fi
    PATH=$tool/bin:$PATH
}
