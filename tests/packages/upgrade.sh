# This version over the one before, while slots are open, and both versions beside each other.

# The page and the README are of this version, so only now do the machines get the older one.
for machine in srv1 srv2; do
    mkdir "$scratch/$machine/root/root/older"
    cp "$older"/*.deb "$scratch/$machine/root/root/older/"
    in_machine "$machine" root 'apt-get install --yes --allow-downgrades ./older/*.deb' >"$scratch/downgrade" 2>&1 ||
        { cat "$scratch/downgrade"; return 1; }
done
cp "$scratch/mailslot/usr/bin/mailslot" "$scratch/srv1/root/usr/local/bin/older-mailslot"

# A reader of the version before, and a message in its slot that nobody has read.
in_machine srv1 alice 'rm -f said; older-mailslot listen --verbose --access everyone --count 3 over >over 2>said & until grep -q listening said; do sleep 0.1; done'
in_machine srv1 alice 'older-mailslot send over "from the older"'
section Upgrading || return
same "this version is installed" "$(in_machine srv1 root 'mailslot --version')" "mailslot $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
# The same user, but another layout in memory; and another user.
in_machine srv1 alice 'mailslot send over "from this one"'
in_machine srv1 bob 'mailslot send over "from bob"'
check "a slot of the version before lives on, and takes messages of both" \
    until_true srv1 '[ "$(cat /home/alice/over)" = "from the older
from this one
from bob" ]'
