# Sourced: programs written for Win32 use the network through the node.
printf '\n-- win32\n'

check "the C library is installed" "$project/crates/mailslot-win32/install" "$scratch/win32-prefix" "$built"
check "a program for Win32 compiles" "$scratch/win32-prefix/bin/mailslot-win32-cc" -Wall -Wextra -Werror \
    "$project/tests/lab/win32.c" -o "$scratch/win32"

# win32 HOST ARGUMENTS...: the output and status of the program on a host.
win32() {
    local host=$1
    shift
    on "$host" "$scratch/win32" "$@" 2>&1
    printf 'status %d' $?
}

for name in '\\LINUX2\mailslot\win32' '\\LABGROUP\mailslot\win32' '\\*\mailslot\win32'; do
    same "without a node CreateFile of $name fails" "$(win32 linux1 "$name" x)" $'CreateFile: error 3025\nstatus 1'
done
check "a node on one host holds its names" start_node win1 linux1 LINUX1
node1=$pid
check "a node on another one, too" start_node win2 linux2 LINUX2
node2=$pid
start_command read linux2 env MAILSLOT_NETWORK=allow "$scratch/win32" '\\.\mailslot\win32'
reader=$pid
check "a program for Win32 reads" until_line "$scratch/read.out" ready
same "another one writes to its computer" \
    "$(win32 linux1 '\\LINUX2\mailslot\win32' 'to one')" $'6 bytes written\nstatus 0'
same "and to its domain" "$(win32 linux1 '\\LABGROUP\mailslot\win32' 'to all')" $'6 bytes written\nstatus 0'
same "and to this machine's domain" "$(win32 linux1 '\\*\mailslot\win32' 'to ours')" $'7 bytes written\nstatus 0'
same "a message that cannot be sent is refused with 53" \
    "$(win32 linux1 '\\LINUX2\mailslot\win32' "$(printf '%425s' "")")" $'WriteFile: error 53\nstatus 1'
same "a last message is written" "$(win32 linux1 '\\LINUX2\mailslot\win32' quit)" $'4 bytes written\nstatus 0'
wait "$reader"
same "the reader ends in good order" "$?" 0
same "and has got each message once" "$(sort "$scratch/read.out")" $'quit\nready\nto all\nto one\nto ours'
stop "$node1"
stop "$node2"
same "without a node CreateFile fails again" \
    "$(win32 linux1 '\\LINUX2\mailslot\win32' x)" $'CreateFile: error 3025\nstatus 1'
