# The instructions of the page and the README for administrators and users.

# The page's step for a file copied from the first machine to the other one.
carry() {
    cp "$scratch/srv1/root/etc/mailslot/domains/PLANT.toml" "$scratch/srv2/root/root/" &&
        chmod 600 "$scratch/srv2/root/root/PLANT.toml"
}

section "A sealed domain" && carry && section "The other machines of the domain" && section "A service of your own" &&
    section "Looking at it" && section Settings && section "Another key" && carry &&
    section "Another key on the other machines" &&
    section "When a node fails" || return

# A node that hangs, which the service manager notices.
in_machine srv2 root 'mkdir -p /run/systemd/system/mailslot-node.service.d &&
    printf "[Service]\nWatchdogSec=2\n" >/run/systemd/system/mailslot-node.service.d/watchdog.conf &&
    systemctl daemon-reload && systemctl restart mailslot-node &&
    systemctl kill --kill-whom main --signal STOP mailslot-node'
check "the watchdog has a node that hangs started again" \
    until_true srv2 \
    '[ "$(systemctl show --property NRestarts --value mailslot-node)" -ge 1 ] && systemctl is-active mailslot-node'
in_machine srv2 root \
    'rm -r /run/systemd/system/mailslot-node.service.d; systemctl daemon-reload; systemctl restart mailslot-node'

section NetBIOS || return
in_machine srv2 root 'systemctl stop mailslot-node; systemctl start mailslot-legacy'
same "the legacy node has one capability" \
    "$(in_machine srv2 root 'grep CapEff /proc/$(systemctl show --property MainPID --value mailslot-legacy)/status')" \
    "CapEff:	0000000000000400"
in_machine srv2 root 'systemctl start mailslot-node'
same "a machine has one node" "$(in_machine srv2 root 'systemctl is-active mailslot-node mailslot-legacy')" "active
inactive"

# tour LISTEN SEND PRINTED: alice runs one command of the README and bob the other, and the first one prints. The only
# addition is that alice lets bob write, who is another user.
tour() {
    says "the README has: $1" "$(cat README.md)" "    $1"
    says "the README has: $2" "$(cat README.md)" "    $2"
    in_machine srv1 alice ": >said; ${1/listen/listen --access everyone --verbose} >heard 2>said & echo \$! >listener
        until grep -q listening said; do sleep 0.1; done"
    in_machine srv1 bob "seq 10 >app.log; ($2) >/dev/null & echo \$! >sender"
    check "it prints $3" until_true srv1 "grep -qF '$3' /home/alice/heard"
    # The brackets with their contents.
    in_machine srv1 root \
        'pkill -P $(cat /home/bob/sender); kill $(cat /home/alice/listener /home/bob/sender) 2>/dev/null'
}
tour 'mailslot listen alerts' 'mailslot send alerts "boiler 3: over pressure"' 'boiler 3: over pressure'
tour 'mailslot listen --json --count 10 logs' 'tail -f app.log | mailslot send --wait logs' '"10"'
says "bob sees alice's slots" \
    "$(in_machine srv1 alice \
        ': >said; mailslot listen --verbose boiler/pressure 2>said >/dev/null & echo $! >listener
        until grep -q listening said; do sleep 0.1; done'
    in_machine srv1 bob 'mailslot list --long')" 'boiler\pressure' alice

# Completion, typed into bob's shell: Debian's .bashrc enables it.
in_machine srv1 bob 'tmux -L packages new-session -d -s typing -x 120 -y 40 bash'
# typed KEYS SHOWN: types, and waits until the terminal shows it.
typed() {
    in_machine srv1 bob "tmux -L packages send-keys -t typing $1"
    check "a shell shows $2" until_true srv1 \
        "runuser -u bob -- tmux -L packages capture-pane -p -t typing | grep -qF '$2'"
}
typed '' 'bob@srv1'
typed '"mailslot inf" Tab' 'mailslot info'
typed '"boi" Tab' 'mailslot info boiler/pressure'
typed 'Enter' 'max message size'
in_machine srv1 bob 'tmux -L packages kill-server'
in_machine srv1 alice 'kill $(cat listener)'

for file in $(sed -n 's/^\.I \(\/.*\)/\1/p' crates/mailslot-cli/man/*); do
    check "what the manual pages name is there: $file" in_machine srv1 root "[ -e '$file' ]"
done
