# Sourced: the sample programs of the C library, compiled on Linux and for Windows, have the same output.
printf '\n-- programs\n'
sources=$project/crates/mailslot-win32/tests/programs
include=$project/crates/mailslot-win32/include
bin=$out/programs
mkdir -p "$bin"
# Wine's user32.dll needs this library, and is sure to find it beside the program.
cp -f "${WINE_ROOT:-/var/tmp/mailslot-wine}/usr/x86_64-w64-mingw32/lib/zlib1.dll" "$bin" 2>/dev/null

# compile SOURCE NAME FLAGS...: both programs of a source, bin/NAME and bin/NAME.exe; with $linux_flags, $windows_flags.
compile() {
    local source=$1 name=$2 gcc=gcc
    shift 2
    case $source in *.cpp) gcc=g++ ;; esac
    "$gcc" -O2 -Wall ${linux_flags:-} "$@" -I "$include" "$sources/$source" -o "$bin/$name" \
        "$linux_library" -lpthread -ldl -lm &&
        "x86_64-w64-mingw32-$gcc" -O2 -Wall -static ${windows_flags:-} "$@" "$sources/$source" -o "$bin/$name.exe"
}

# The commands to start the program NAME on either system.
on_linux() { timeout -k 5 60 env MAILSLOT_ROOT="$slots" "$bin/$1" "${@:2}" 2>&1; }
on_windows() { windows 60 "$bin/$1.exe" "${@:2}" 2>&1 | sed -u 's|\r$||'; }

# alike NAME STORY: the function STORY prints the same text on both systems.
alike() {
    local there
    there=$("$2" on_windows)
    same "$1" "$there" "$("$2" on_linux)"
}

server_and_client() {
    "$1" server >"$bin/server.out" &
    until_line "$bin/server.out" "Server is running" || { kill $!; return; }
    printf 'hello brave\nnew world\nquit after\n' | "$1" client
    wait $!
    cat "$bin/server.out"
}
polling_reader() { "$1" polling_reader; }
ansi_reader() { "$1" ansi_reader one "two words"; }
wide_reader() { "$1" wide_reader one "two words"; }
many_clients() {
    "$1" many_clients "many-$$" read 300 >"$bin/many.out" &
    local reader=$! client clients=()
    until_line "$bin/many.out" ready || { kill $reader; return; }
    for client in 0 1 2; do "$1" many_clients "many-$$" write $client 100 & clients+=($!); done
    wait "${clients[@]}" $reader
    cat "$bin/many.out"
}

# nanos SYSTEM PAIRS: nanoseconds of a WriteFile and its ReadFile.
nanos() { "$1" pair "$2" | awk '{ print $1 }'; }

if [ ! -d "$sources" ]; then
    echo "no C library in this tree: nothing to compare"
else
    slots=$(mktemp -d /dev/shm/mailslot-programs.XXXXXX)
    linux_out=${CARGO_TARGET_DIR:-$project/target}
    linux_library=$linux_out/release/libmailslot_win32.a
    if cargo build --quiet --release -p mailslot-win32 &&
        compile server.cpp server && compile client.cpp client && compile polling_reader.c polling_reader &&
        compile unicode_reader.c ansi_reader && compile many_clients.c many_clients && compile pair.c pair; then
        alike "(a, b) a server and its client" server_and_client
        alike "(c) a reader that polls" polling_reader
        alike "(d) a program for text of either kind, 8 bits" ansi_reader
        alike "(e) many clients" many_clients
        ours=$(nanos on_linux 1000000) theirs=$(nanos on_windows 20000)
        echo "a WriteFile and its ReadFile, 64 bytes: $ours ns here, $theirs ns under Wine"
        check "the C library is at least 50 times faster than Wine" \
            awk -v ours="$ours" -v theirs="$theirs" 'BEGIN { exit !(ours > 0 && theirs >= 50 * ours) }'
    else
        fail "the sample programs compile for both systems"
    fi
    if linux_flags=-fshort-wchar windows_flags='-municode -D__USE_MINGW_ANSI_STDIO=0' \
        compile unicode_reader.c wide_reader -DUNICODE; then
        alike "(d) a program for text of either kind, wide" wide_reader
    else
        fail "the wide program compiles for both systems"
    fi
    rm -rf "$slots"
fi
