# Installs the packages on two machines.

wait "$root_made" || { cat "$scratch/root.log"; return 1; }
new_lan lan && attach srv1 lan 192.0.2.1/24 && attach srv2 lan 192.0.2.2/24 || return
# The files of a machine, except those that change by themselves and those of package managers.
inventory() {
    in_machine "$1" root 'find / -xdev \( -path /proc -o -path /sys -o -path /run/systemd -o -path /run/log \
        -o -path /tmp -o -path "/var/log" -o -path "/var/cache" -o -path /var/lib/dpkg -o -path /var/lib/apt \
        -o -path /var/lib/systemd -o -path /root -o -path "*/__pycache__" \) -prune -o -print
        find /run -path /run/systemd -prune -o -path /run/log -prune -o -print
        cut -d: -f1 /etc/passwd /etc/group' | sort
}
boot srv1 && boot srv2 || return
for machine in srv1 srv2; do
    until_booted "$machine" || { fail "$machine boots"; cat "$scratch/$machine/console"; return 1; }
    in_machine "$machine" root 'useradd -m -s /bin/bash alice; useradd -m -s /bin/bash bob'
    inventory "$machine" >"$scratch/$machine.before"
    cp "$debs"/mailslot{,-node}_*.deb "$scratch/$machine/root/root/"
done
pass "two machines boot"
section Installing || return
in_machine srv1 root \
    'systemd-analyze verify mailslot-node.service mailslot-legacy.service mailslot-beside-samba.service' \
    >"$scratch/verify" 2>&1
same "systemd finds nothing to say about the units" "$(cat "$scratch/verify")" ""
same "nothing is started" \
    "$(in_machine srv1 root 'systemctl is-active mailslot-node mailslot-legacy mailslot-beside-samba')" "inactive
inactive
inactive"
for manual in 'mailslot' '7 mailslot' '8 mailslot-node' '5 mailslot.toml' '1 mailslot-domain-new'; do
    check "man $manual" in_machine srv1 bob "man $manual | grep -q ."
done
