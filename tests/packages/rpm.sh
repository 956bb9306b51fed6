# The RPM package, on a Debian machine that has RPM installed: its scripts run, but its dependencies are not checked.

cargo_tool cargo-generate-rpm 0.21.1 || return
packaging/rpm/make "$scratch/newer-mailslot" "$scratch/rpm" &&
    cp "$scratch"/rpm/mailslot-*.rpm "$scratch/srv1/root/root/" || return
installs='rpm --nodeps --force --upgrade mailslot-*.rpm'
in_machine srv1 root "$installs" >"$scratch/rpm.log" 2>&1 || { cat "$scratch/rpm.log"; fail "RPM installs it"; return; }
same "its scripts make the places of slots and keys" \
    "$(in_machine srv1 root 'stat -c "%n %U %a" /run/mailslot /etc/mailslot/domains')" "/run/mailslot root 1777
/etc/mailslot/domains mailslot 700"
same "no service is started" "$(in_machine srv1 root 'systemctl is-active mailslot-node')" inactive
node='systemctl show --property=MainPID --value mailslot-node'
in_machine srv1 root 'mailslot domain new PLANT --lan && chown root: /etc/mailslot/domains/PLANT.toml' >/dev/null
in_machine srv1 root "$installs && systemctl start mailslot-node" >"$scratch/rpm.log" 2>&1 || cat "$scratch/rpm.log"
check "keys of root's are the node's after another installation" until_true srv1 'mailslot node status | grep -q PLANT'
first=$(in_machine srv1 root "$node")
in_machine srv1 root "$installs" >"$scratch/rpm.log" 2>&1 || cat "$scratch/rpm.log"
check "an upgrade restarts the service" until_true srv1 \
    "[ \"\$($node)\" != $first ] && mailslot node status | grep -q PLANT"
same "bob hears alice" \
    "$(in_machine srv1 root "runuser -l bob -c 'mailslot listen --access everyone --count 1 --timeout 60s alerts' &
    runuser -l alice -c 'mailslot send --wait-for-slot=60s alerts \"door 2 open\"'; wait")" "door 2 open"
in_machine srv1 root 'rm -r /etc/mailslot/domains/*; rpm --erase mailslot' >"$scratch/rpm.log" 2>&1 ||
    cat "$scratch/rpm.log"
same "no node runs without it" "$(in_machine srv1 root 'pgrep -ax mailslot')" ""
# RPM packages do not remove users, as their files would then belong to the next user with the same id. The folders of
# shells belong to the packages of the shells.
same "nothing is left but its user, and where slots are" \
    "$(inventory srv1 | diff - "$scratch/srv1.before" | sed -n 's/^< //p' |
        grep -vE '^/run/mailslot/|^/usr/share/(fish|zsh)')" \
    "/run/mailslot
mailslot
mailslot"
