# Sourced: unchanged programs of Windows that send to a domain, started by `mailslot run`. Needs root.
printf '\n-- redirect\n'
sources=$project/crates/mailslot-win32/tests/programs
bin=$out/redirect
rm -rf "$bin"
mkdir -p "$bin"
cp -f "$out/$target/debug/"{mailslot.exe,mailslot_redirect.dll} "$bin"
program=$bin/mailslot.exe
# Wine's user32.dll needs this library, and is sure to find it beside the program.
cp -f "${WINE_ROOT:-/var/tmp/mailslot-wine}/usr/x86_64-w64-mingw32/lib/zlib1.dll" "$bin" 2>/dev/null

printf '\n-- redirect: the conformance suite, with the library loaded\n'
build_tests || return
cp -f "$(test_program "$out/executables" rust_api)" "$bin/rust_api.exe"
windows 400 "$program" run --log loaded.log rust_api.exe --skip "$unsteady" || fail "rust_api"
check "its child processes load it, too" grep -q 'is followed' "$bin/loaded.log"
. "$here/machines.sh" || return

# mingw SOURCE NAME FLAGS...: a program for Windows, bin/NAME.exe.
mingw() {
    local compiler=gcc
    case $1 in *.cpp) compiler=g++ ;; esac
    # Some samples use the upper half of a handle that they have only read the lower one of.
    "x86_64-w64-mingw32-$compiler" -O2 -w -static -D__USE_MINGW_ANSI_STDIO=0 -ftrivial-auto-var-init=zero "${@:3}" \
        "$1" -o "$bin/$2.exe"
}
# elsewhere SOURCE: a sample program that sends to this machine's slot, made to send to the domain's, and nothing else.
elsewhere() {
    local source=$scratch/${1##*/}
    sed 's|\\\\\\\\\.\\\\mailslot\\\\[A-Za-z-]*|\\\\\\\\PLANT\\\\mailslot\\\\alerts|' "$1" >"$source"
    grep -qF '\\\\PLANT\\mailslot\\alerts' "$source" && printf '%s\n' "$source"
}

# ran ARGUMENTS...: the output and status of `mailslot run` on Windows; direct PROGRAM ARGUMENTS...: those of a program
# without it.
ran() { said_windows run "$@"; }
direct() {
    within_windows 60 run "$bin/$1.exe" "${@:2}" 2>&1 | tr -d '\r'
    printf 'status %d' "${PIPESTATUS[0]}"
}
alerts='\\PLANT\mailslot\alerts'

# heard_next COUNT: what the listener on Linux has heard since the last time: waits, a minute at most, until it is this
# many messages. More than that shows the next time.
heard=0
heard_next() {
    local step
    for step in $(seq 120); do
        [ "$(data "$scratch/heard.out" | wc -l)" -lt $((heard + $1)) ] || break
        sleep 0.5
    done
    data "$scratch/heard.out" | tail -n "+$((heard + 1))"
}
# arrives NAME LINES: exactly these have been heard since the last time.
arrives() {
    same "$1" "$(heard_next "$(printf '%s\n' "$2" | wc -l)")" "$2"
    heard=$(data "$scratch/heard.out" | wc -l)
}
# all_arrive NAME COUNT: messages with the numbers from 0 on.
all_arrive() {
    heard_next "$2" >"$scratch/numbered"
    seq -f 'message %g' 0 $(($2 - 1)) >"$scratch/expected"
    # What was counted on either side tells where messages went.
    if diff "$scratch/numbered" "$scratch/expected" >"$scratch/missing"; then
        pass "$1"
    else
        fail "$1"
        printf '%s\n' "$(head -n 5 "$scratch/missing")" "$(said linux node status)" "$(said_windows node status)"
        tail -n 15 "$scratch/node.log" "$scratch/node-2.log"
    fi
    heard=$((heard + $2))
}

sees_receivers() { until_said said_windows '"computer":"LINUX","slots":["alerts"]' list --domain PLANT --json; }

new_machines
said linux domain new PLANT --connect "$hub" >"$scratch/new"
said_windows domain join - <"$scratch/linux/domains/PLANT.toml" >"$scratch/join"
"$wine" shell chmod 600 "$WINEPREFIX/drive_c/ProgramData/mailslot/domains/PLANT.toml"
mingw "$here/redirect.c" redirect -Wall -Werror &&
    mingw "$(elsewhere "$sources/client.cpp")" client &&
    mingw "$(elsewhere "$sources/field/inherited/Parent.c")" Parent &&
    mingw "$sources/field/inherited/Child.c" Child &&
    mingw "$(elsewhere "$sources/field/sample/client.c")" sample &&
    sed 's|MyMailslot|plant\\\\line1|' "$sources/server.cpp" >"$scratch/server.cpp" &&
    mingw "$scratch/server.cpp" server ||
    { fail "the programs compile for Windows"; leave_machines; return; }

printf '\n-- redirect: starting a program\n'
says "the exit status is the program's" "$(ran redirect.exe exit 77)" "status 77"
says "one that is not there" "$(ran nothing.exe)" "nothing.exe cannot be started" "status 3"
printf 'no program' >"$bin/text.exe"
says "one that is no program" "$(ran text.exe)" "text.exe cannot be started" "status 1"
mv "$bin/mailslot_redirect.dll" "$bin/elsewhere.dll"
says "without the library" "$(ran redirect.exe exit 0)" "mailslot_redirect.dll is missing" "status 1"
printf 'no library' >"$bin/mailslot_redirect.dll"
says "a library that cannot be loaded" "$(ran redirect.exe exit 0)" "could not load" "status 1"
mv "$bin/elsewhere.dll" "$bin/mailslot_redirect.dll"

printf '\n-- redirect: without a node\n'
same "the system answers for a name that it may know" "$(ran redirect.exe send '\\OFFICE\mailslot\alerts' x)" \
    "$(direct redirect send '\\OFFICE\mailslot\alerts' x)"
same "a domain of this machine is not left to the system" "$(ran redirect.exe send "$alerts" x)" \
    $'CreateFile 3025\nstatus 1'

start node linux node --netbios false --computer LINUX --listen "$hub"
check "a node starts on Linux" until_line "$scratch/node.log" domain_open
start heard linux listen --verbose --network --format json alerts
check "so does a listener" until_line "$scratch/heard.log" "listening on"
check "a node starts on Windows" start_windows_node node-1
node=$pid
check "they meet" sees_receivers

printf '\n-- redirect: sending\n'
same "an 8-bit program to the domain" "$(ran redirect.exe send "$alerts" one "" three)" \
    $'wrote 3\nwrote 0\nwrote 5\nstatus 0'
arrives "all of it arrives" $'one\n\nthree'
check "with an origin that the key proves" grep -q '"computer":"WINDOWS".*"authenticated":true' "$scratch/heard.out"
same "a wide one, which opens twice" "$(ran redirect.exe wide '//plant/MAILSLOT/Alerts' wide)" \
    $'open, open twice\nwrote 4\nstatus 0'
arrives "it arrives" wide
same "to the computer" "$(ran redirect.exe send '\\LINUX\mailslot\alerts' computer)" $'wrote 8\nstatus 0'
arrives "it arrives, too" computer
same "to everybody" "$(ran redirect.exe send '\\*\mailslot\alerts' everybody)" $'wrote 9\nstatus 0'
arrives "it arrives as well" everybody
same "a name that no domain knows is the system's" "$(ran redirect.exe send '\\OFFICE\mailslot\alerts' x)" \
    "$(direct redirect send '\\OFFICE\mailslot\alerts' x)"
same "so is a share" "$(ran redirect.exe send '\\PLANT\share\alerts' x)" \
    "$(direct redirect send '\\PLANT\share\alerts' x)"
same "a slot of this machine is not there" "$(ran redirect.exe send '\\.\mailslot\nothing' x)" $'CreateFile 2\nstatus 1'
printf 'copied' >"$bin/copied.txt"
same "a copied file" "$(ran redirect.exe copy "$alerts" copied.txt)" $'CopyFile 1, 0\nstatus 0'
arrives "is a message" copied
same "a file of the C library" "$(ran redirect.exe stream "$alerts" stream)" $'fclose 0\nstatus 0'
arrives "is one, too" stream
same "messages have 424 bytes at most" "$(ran redirect.exe size "$alerts" 424 425 100000)" \
    $'wrote 424\nWriteFile 53, wrote 0\nWriteFile 53, wrote 0\nstatus 1'
same "or as many as the domain takes" "$(ran --any-size redirect.exe size "$alerts" 425 60000)" \
    $'wrote 425\nwrote 60000\nstatus 0'
arrives "those arrive that were sent" \
    "$(for size in 424 425 60000; do head -c "$size" /dev/zero | tr '\0' x; echo; done)"
same "a sample program" "$(printf 'brave new quit' | ran client.exe)" \
    $'Sent 256 bytes: brave\nSent 256 bytes: new\nSent 256 bytes: quit\nstatus 0'
same "another" "$(printf '\n\n' | ran sample.exe | grep -c successfully)" 5
check "all of their messages" test "$(heard_next 8 | wc -l)" = 8
heard=$((heard + 8))

printf '\n-- redirect: handles\n'
same "duplicates" "$(ran redirect.exe duplicate "$alerts" | sed 's/type [0-9]*/type/')" \
    $'type\nwrote 8\nwrote 9\nwrote 14\nwrote 15\nwrote 5\nstatus 0'
arrives "are as good, in their order" $'original\nduplicate\noriginal again\nduplicate alone\nmoved'
same "asynchronous writes" "$(ran redirect.exe overlapped "$alerts" overlapped)" \
    $'wrote 10, event set\nwrote 13, event set\nstatus 0'
arrives "arrive" $'overlapped\nwith an event'
same "a closed handle's value is used again" "$(ran redirect.exe reuse "$alerts" reused.txt)" \
    $'wrote 11\nthe same value\nwrote 11\nstatus 0'
arrives "the slot has its message" "to the slot"
same "and the file its own" "$(cat "$bin/reused.txt")" "to the file"
start_windows local listen local
until_said said_windows "status 0" info local >"$scratch/info"
same "what is refused is refused as for a slot of this machine" "$(ran redirect.exe wrong "$alerts")" \
    "$(direct redirect wrong '\\.\mailslot\local')"
crash "$pid"
arrives "an empty message is one" ""

printf '\n-- redirect: child processes\n'
same "are followed, and suspended if the program wants it" "$(ran --log run.log redirect.exe child "$alerts" child)" \
    $'wrote 5\nsuspended 0 times, returned 0\nwrote 5\nsuspended 1 times, returned 0\nstatus 0'
arrives "their messages arrive" $'child\nchild'
check "the log says so" test "$(grep -c 'is followed' "$bin/run.log")" = 2
check "and where messages go" test "$(grep -cF "$alerts goes to the node" "$bin/run.log")" = 2
same "a handle is inherited" "$(ran redirect.exe inherit "$alerts")" \
    $'wrote 6\nwrote 5\nsuspended 0 times, returned 0\nwrote 12\nstatus 0'
arrives "its messages are in order" $'parent\nchild\nparent again'
says "the sample programs for it" "$(ran Parent.exe)" "The child has written 3 messages" "The child returned 7"
arrives "with theirs" $'Child: message 1\nChild: message 2\nChild: message 3\nThe parent is done'

same "a duplicate in another process" \
    "$({ until_line "$scratch/heard.out" '"another"' && echo; } | ran redirect.exe into "$alerts")" $'wrote 7\nstatus 0'
arrives "reaches the program's slot, and the node" another

printf '\n-- redirect: the node\n'
# A program that writes a line when it is told.
mkfifo "$scratch/lines"
ip netns exec "$id-windows" env RUST_BACKTRACE=0 "$wine" run "$program" run redirect.exe lines "$alerts" \
    <"$scratch/lines" >"$scratch/lines.out" 2>"$scratch/lines.log" &
lines=$!
started+=("$lines")
exec 7>"$scratch/lines"
line() { echo "$1" >&7 && until_lines "$scratch/lines.out" wrote "$2"; }
check "a program sends" line before 1
# It is used after half of this time, by when both nodes must have it: each looks at its files every few seconds.
says "another key is made" "$(said linux domain rotate PLANT --overlap 20s)" "status 0"
says "and joined on Windows" "$(said_windows domain join - <"$scratch/linux/domains/PLANT.toml")" "status 0"
"$wine" shell chmod 600 "$WINEPREFIX/drive_c/ProgramData/mailslot/domains/PLANT.toml"
key=$(said linux domain show --json | grep -o '"fingerprint":"[^"]*"' | tail -n 1 | cut -d '"' -f 4)
check "the node on Linux takes it up" until_said said "key $key" linux node status
check "so does the one on Windows" until_said said_windows "key $key" node status
check "and it is used" until_said said_windows "$key in use" domain show
# On Wine the node has to open the domain again, as the file was for all to read at first.
check "the node sees its receivers" sees_receivers
check "the program sends under another key" line rotated 2
# What a node that is killed has not sent yet is lost.
check "and the message arrives" until_line "$scratch/heard.out" '"rotated"'
crash "$node"
echo lost >&7
check "once the node is killed, the program is told" until_line "$scratch/lines.out" "WriteFile 53"
check "the node starts again" start_windows_node node-2
check "it is back" sees_receivers
check "the program sends as before" line after 4
echo quit >&7
exec 7>&-
check "and ends" wait "$lines"
arrives "all of it arrives" $'before\nrotated\nafter'

printf '\n-- redirect: many\n'
said_windows run redirect.exe many "$alerts" 10000 >"$scratch/many"
says "10,000 messages are written" "$(cat "$scratch/many")" "wrote 10000 messages" "status 0"
all_arrive "all arrive, in their order" 10000
same "opening and closing each time" "$(ran redirect.exe each "$alerts" 300 | tail -n 1)" "status 0"
all_arrive "does not lose one either" 300
start_windows here listen --count 1000 here
until_said said_windows "status 0" info here >"$scratch/info"
echo "a write to a slot of this machine: $(direct redirect many '\\.\mailslot\here' 1000 | sed -n 's/ each//p')," \
    "through run: $(sed -n 's/ each//p' "$scratch/many")"

printf '\n-- redirect: to Windows\n'
start_windows reads run redirect.exe read alerts 3
check "an unchanged program reads there" until_line "$scratch/reads.out" ready
reader=$pid
check "it is announced" until_said said '"computer":"WINDOWS","slots":["alerts"]' linux list --domain PLANT --json
says "Linux sends to it" "$(said linux send --confirm '\\WINDOWS\mailslot\alerts' one two)" "delivered" "status 0"
same "so does an unchanged program beside it" "$(ran redirect.exe send '\\WINDOWS\mailslot\alerts' three)" \
    $'wrote 5\nstatus 0'
check "it ends" wait "$reader"
same "and has all" "$(tr -d '\r' <"$scratch/reads.out")" $'ready\none\ntwo\nthree'
start_windows serves run server.exe
server=$pid
check "a sample program reads" until_line "$scratch/serves.out" "Server is running"
check "it is announced, too" until_said said '"plant\\line1"' linux list --domain PLANT --json
says "Linux sends texts to it" "$(said linux send --confirm --nul '\\WINDOWS\mailslot\plant\line1' brave quit)" \
    "delivered" "status 0"
check "it ends with the last" wait "$server"
same "and prints them" "$(tr -d '\r' <"$scratch/serves.out")" $'Server is running\nClient: brave\nClient: quit'

leave_machines
