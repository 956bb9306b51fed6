# Sourced in the project's directory: development tools of crates.io that no package has.

# cargo_tool NAME VERSION [OPTION...]: compiles it, once, with these options of cargo install, and puts it in PATH. It
# runs for seconds, so it is hardly optimised.
cargo_tool() {
    local name=$1 version=$2
    local tool=$PWD/target/tools/$name-$version
    shift 2
    if [ ! -x "$tool/bin/$name" ]; then
        CARGO_TARGET_DIR=$tool/build CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
            CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
            nice cargo install --quiet --locked --version "$version" --root "$tool" "$@" "$name" || return
        rm -rf "$tool/build"
    fi
    PATH=$tool/bin:$PATH
}
