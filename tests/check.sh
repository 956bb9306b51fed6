# Sourced: checks that are counted and reported like those of Rust's test programs.

passed=0 failed=0

pass() { passed=$((passed + 1)); printf 'test %s ... ok\n' "$1"; }
fail() { failed=$((failed + 1)); printf 'test %s ... FAILED\n' "$1"; }

# check NAME COMMAND...: the command succeeds.
check() {
    local name=$1
    shift
    if "$@"; then pass "$name"; else fail "$name"; fi
}

# same NAME FOUND EXPECTED: the two texts are equal.
same() {
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1"; printf -- '-- found:\n%s\n-- expected:\n%s\n' "$2" "$3"; fi
}

# says NAME FOUND WORDS...: the text contains all of the words.
says() {
    local name=$1 found=$2 words
    shift 2
    for words; do
        case $found in *"$words"*) ;; *) fail "$name"; printf '%q is not in:\n%s\n' "$words" "$found"; return ;; esac
    done
    pass "$name"
}

sum() {
    printf '\ntest result: %s. %d passed; %d failed; 0 ignored\n' \
        "$([ "$failed" -eq 0 ] && echo ok || echo FAILED)" "$passed" "$failed"
    [ "$failed" -eq 0 ]
}

# build_command DIRECTORY: builds the command with all its features, as all suites do, so that it is built once, and
# copies it into the directory: builds of other suites replace the original meanwhile.
build_command() {
    cargo build --quiet -p mailslot-cli --features zenoh &&
        cp "${CARGO_TARGET_DIR:-$project/target}/debug/mailslot" "$1/mailslot"
}

# until_line FILE WORDS: waits, a minute at most, until the file has a line with the words.
until_line() {
    local step
    for step in $(seq 600); do
        grep -qsF -- "$2" "$1" && return
        sleep 0.1
    done
    printf 'no line with %q in %s\n' "$2" "$1" >&2
    return 1
}

# until_lines FILE WORDS NUMBER: waits, a minute at most, until NUMBER lines of the file have the words.
until_lines() {
    local step
    for step in $(seq 600); do
        [ "$(grep -cF -- "$2" "$1")" -ge "$3" ] && return
        sleep 0.1
    done
    printf 'fewer than %d lines with %q in %s\n' "$3" "$2" "$1" >&2
    return 1
}
