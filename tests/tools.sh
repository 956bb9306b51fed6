# Sourced in the project's directory: development tools that Debian does not have.

# pypi_tool NAME PROJECT VERSION: fetches the built program from PyPI, once, and puts it in PATH.
pypi_tool() {
    local tool=$PWD/target/tools/$1-$3
    [ -x "$tool/bin/$1" ] ||
        python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --no-deps \
            --target "$tool" "$2==$3" || return
    PATH=$tool/bin:$PATH
}

# cargo_tool NAME VERSION: compiles it, once, and puts it in PATH. It runs for seconds, so it is hardly optimised.
cargo_tool() {
    local tool=$PWD/target/tools/$1-$2
    if [ ! -x "$tool/bin/$1" ]; then
        CARGO_TARGET_DIR=$tool/build CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
            CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
            nice cargo install --quiet --locked --version "$2" --root "$tool" "$1" || return
        rm -rf "$tool/build"
    fi
    PATH=$tool/bin:$PATH
}
