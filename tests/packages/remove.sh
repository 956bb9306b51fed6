# Everything goes, and with it everything that was made.

in_machine srv1 root 'rm -f /usr/local/bin/{older,newer}-mailslot; rm -rf /home/*/* /home/*/.bash_history'
in_machine srv2 root 'systemctl stop mailslot-listen@alerts; rm /etc/systemd/system/mailslot-listen@.service; systemctl daemon-reload'
section Removing || return
for machine in srv1 srv2; do
    same "$machine is as it was" "$(inventory "$machine" | diff - "$scratch/$machine.before")" ""
    same "no node runs on $machine" "$(in_machine "$machine" root 'pgrep -ax mailslot')" ""
done
