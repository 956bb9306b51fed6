# Sourced: other NetBIOS programs find the node like nmbd, which gets the same questions in the same run.
printf '\n-- foreign\n'

for program in nmap javac; do
    command -v "$program" >/dev/null || { echo "$program is missing: ./test installs it" >&2; exit 1; }
done
jcifs=/usr/share/java/jcifs.jar
for library in $jcifs /usr/lib/python3/dist-packages/impacket; do
    [ -e "$library" ] || { echo "$library is missing: ./test installs it" >&2; exit 1; }
done
# pysmb is in no distribution.
pysmb=${CARGO_TARGET_DIR:-$project/target}/pysmb
[ -e "$pysmb/nmb" ] ||
    /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --target "$pysmb" pysmb==1.2.13 || exit 1

check "a node holds its names" start_node node1 linux1 LINUX1

# alike NAME COMMAND...: a command's output for the node equals that for nmbd, except for name and address. The command
# gets NAME ADDRESS as its last arguments.
alike() {
    local name=$1 node nmbd
    shift
    node=$(on linux2 "$@" LINUX1 "$linux1" 2>&1 | sed "s/$linux1/ADDRESS/g; s/LINUX1/COMPUTER/g")
    nmbd=$(on linux2 "$@" SAMBA1 "$samba" 2>&1 | sed "s/$samba/ADDRESS/g; s/SAMBA1/COMPUTER/g")
    check "$name: nmbd is found" grep -qE '^(address )?ADDRESS|COMPUTER *<|NetBIOS name: COMPUTER' <<<"$nmbd"
    same "$name: and so is the node" "$node" "$nmbd"
}

nmblookup_in() { nmblookup "${@:1:$#-2}" "${*: -2:1}"; }
# Their node types differ.
status_in() { nmblookup -A "$2" | grep -E '<(00|20)>' | grep -v GROUP | sed 's/ [BH] </ </'; }
scan_in() { nbtscan -q -s : "$2" | cut -d: -f1-3 | tr -d ' '; }
nbstat_in() {
    nmap -sU -p 137 --script nbstat --disable-arp-ping -n "$2" | grep -oE '137/udp +open|NetBIOS name: [A-Z0-9]*'
}
export -f nmblookup_in status_in scan_in nbstat_in
alike "nmblookup" bash -c 'nmblookup_in "$@"' in
alike "nmblookup to the limited broadcast address" bash -c 'nmblookup_in -B 255.255.255.255 "$@"' in
alike "nmblookup at the address" bash -c 'nmblookup_in -U "$2" "$@"' in
alike "nmblookup -A" bash -c 'status_in "$@"' in
alike "nbtscan" bash -c 'scan_in "$@"' in
alike "nmap's nbstat" bash -c 'nbstat_in "$@"' in
alike "impacket" /usr/bin/python3 "$project/tests/lab/foreign/clients.py" impacket
alike "pysmb" env PYTHONPATH="$pysmb" /usr/bin/python3 "$project/tests/lab/foreign/clients.py" pysmb
alike "jCIFS" java -cp "$jcifs" "$project/tests/lab/foreign/Jcifs.java"
says "nbtscan finds both in the subnet" "$(on linux2 nbtscan -q "${linux1%.*}.0/28")" LINUX1 SAMBA1
found=$(on linux2 nmap --script broadcast-netbios-master-browser -e eth0 2>/dev/null)
# If its question for __MSBROWSE__ is answered, nmap 7.93 fails to print a line of nmbd's names.
says "nmap's broadcast-netbios-master-browser gets an answer" "$found" "ip  server  domain"
same "which is not the node's" "$(grep -c "LINUX1\|$linux1" <<<"$found")" 0

# torture TEST COMPUTER: the outcome of a test of smbtorture against a computer.
torture() { on linux2 smbtorture -U% --option=torture:timelimit=3 "//$2/IPC\$" "$1" 2>&1; }
for test in nbt.register.register_own nbt.register.refresh_own nbt.bench.namequery; do
    says "smbtorture's $test against the node" "$(torture $test LINUX1)" "success: ${test##*.}"
done
says "smbtorture's register_own against nmbd" "$(torture nbt.register.register_own SAMBA1)" "success: register_own"
says "smbtorture's bench against nmbd" "$(torture nbt.bench.namequery SAMBA1)" "success: namequery"
