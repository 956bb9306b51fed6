# Removes everything, including everything that was created.

in_machine srv1 root 'rm -f /usr/local/bin/{older,newer}-mailslot; rm -rf /home/*/* /home/*/.bash_history'
in_machine srv2 root \
    'systemctl stop mailslot-listen@alerts; rm /etc/systemd/system/mailslot-listen@.service; systemctl daemon-reload'

# One package removes the user, and the other one its files.
in_machine srv2 root 'apt-get remove --yes mailslot mailslot-node && dpkg --purge mailslot' >"$scratch/removed" 2>&1 ||
    cat "$scratch/removed"
same "no file is left to whoever gets the user's number" \
    "$(in_machine srv2 root 'find / /run -xdev \( -nouser -o -nogroup \)')" ""
same "keys are root's then" \
    "$(in_machine srv2 root 'stat -c "%U %a" /etc/mailslot/domains /etc/mailslot/domains/PLANT.toml')" "root 700
root 600"
in_machine srv2 root 'apt-get install --yes ./mailslot_*.deb ./mailslot-node_*.deb && systemctl start mailslot-node' \
    >"$scratch/removed" 2>&1 ||
    cat "$scratch/removed"
check "and the node's after another installation" until_true srv2 'mailslot node status | grep -q PLANT'

section Removing || return
for machine in srv1 srv2; do
    same "$machine is as it was" "$(inventory "$machine" | diff - "$scratch/$machine.before")" ""
    same "no node runs on $machine" "$(in_machine "$machine" root 'pgrep -ax mailslot')" ""
done
