# The packages of this version, and of an earlier one for the upgrade.

debs=$scratch/debs again=$scratch/again older=$scratch/older
packaging/build "$debs" || return
same "all packages are made" "$(cd "$debs" && printf '%s\n' *.deb | sed 's/_.*//' | sort)" "libmailslot-dev
libmailslot-win32-0
libmailslot-win32-dev
libmailslot0
mailslot
mailslot-node
python3-mailslot"
# debhelper reports nothing if it finds no unit to write scripts for.
dpkg-deb --control "$debs"/mailslot-node_*.deb "$scratch/control" || return
for unit in node legacy beside-samba; do
    says "removing stops mailslot-$unit" "$(grep 'deb-systemd-invoke stop' "$scratch/control/prerm")" \
        "mailslot-$unit.service"
    says "upgrading restarts mailslot-$unit" "$(grep -B4 'deb-systemd-invoke ' "$scratch/control/postinst")" \
        "mailslot-$unit.service"
done
# It reads every object in a static library, thousands without optimisation, which takes minutes.
looked_at=("$debs"/*.deb)
[ "$PROFILE" = dist ] ||
    looked_at=("$debs"/{mailslot,mailslot-node,libmailslot0,libmailslot-win32-0,python3-mailslot}_*.deb)
lintian --allow-root --fail-on error --suppress-tags bad-distribution-in-changes-file \
    "${looked_at[@]}" >"$scratch/lintian" 2>&1 &
lintian=$!
# In another directory, at another time, in another time zone and locale, with another umask.
(umask 077 && TZ=Asia/Tokyo LC_ALL=C packaging/build "$again") || return
check "a second build makes the same packages, byte for byte" diff -rq "$debs" "$again"
large=$(find "$debs" -name 'mailslot_*.deb' -printf '%s')
printf 'the package mailslot has %d bytes\n' "$large"

# PowerShell itself is not available.
grammar=$target/tools/powershell-0.26.4
[ -d "$grammar" ] || python3 -m pip install --quiet --target "$grammar" \
    tree-sitter==0.26.1 tree-sitter-powershell==0.26.4 >"$scratch/pip" 2>&1 ||
    { cat "$scratch/pip"; rm -rf "$grammar"; return 1; }
# is_powershell FILE: the file is free of errors by PowerShell's grammar.
is_powershell() {
    PYTHONPATH=$grammar python3 - "$1" <<'PYTHON'
import sys
from tree_sitter import Language, Parser
from tree_sitter_powershell import language
text = open(sys.argv[1], "rb").read()
sys.exit(Parser(Language(language())).parse(text).root_node.has_error)
PYTHON
}
dpkg-deb --fsys-tarfile "$debs"/mailslot_*.deb | tar -x -C "$scratch" ./usr/share/doc/mailslot/mailslot.ps1 || return
check "PowerShell's grammar takes its completions" is_powershell "$scratch/usr/share/doc/mailslot/mailslot.ps1"
sed '$d' "$scratch/usr/share/doc/mailslot/mailslot.ps1" >"$scratch/cut.ps1"
check "and not without their last line" eval '! is_powershell "$scratch/cut.ps1"'

# The command of an older version in packages of this one, from the newest earlier commit that has packages. Its numbers
# of memory layouts are lowered by one, as if this version had changed them: the two must work without shared memory.
# Its crates get another version as well, so that cargo keeps both builds.
before=$target/packages/before older_version=0.0.9
commit=$(git rev-list --skip=1 HEAD | while read -r commit; do
    git cat-file -e "$commit:packaging/build" 2>/dev/null && echo "$commit" && break
done)
[ -n "$commit" ] || { printf 'no commit before this one has packages\n'; return 1; }
rm -rf "$before"
mkdir -p "$before" "$older"
git archive "$commit" | tar -x -C "$before" || return
ring=$before/crates/mailslot/src/sys/linux/ring/layout.rs
number=$(sed -n 's/^pub(crate) const VERSION: u64 = \(.*\);/\1/p' "$ring")
sed -i "s/^pub(crate) const VERSION: u64 = $number;/pub(crate) const VERSION: u64 = $((number - 1));/" "$ring"
sed -i "/path = /s/version = \"[0-9.]*\"/version = \"$older_version\"/
    s/^version = \"[0-9.]*\"/version = \"$older_version\"/" \
    "$before"/Cargo.toml "$before"/crates/*/Cargo.toml
# Without debug information and incremental compilation, it takes half the time.
sed -i 's/^\[profile.dev\]$/[profile.dev]\ndebug = false\n[profile.dev.package."*"]/' "$before/Cargo.toml"
(cd "$before" && CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$target cargo build --quiet --offline \
    -p mailslot-cli --features zenoh) || return
for package in mailslot mailslot-node; do
    dpkg-deb --raw-extract "$debs/${package}"_*.deb "$scratch/$package" || return
    version=$(sed -n 's/^Version: //p' "$scratch/$package/DEBIAN/control")
    sed -i "s/\(Version: \|[<>]=\? \)$version/\1$older_version/g" "$scratch/$package/DEBIAN/control"
done
cp "$scratch/mailslot/usr/bin/mailslot" "$scratch/newer-mailslot"
strip -o "$scratch/mailslot/usr/bin/mailslot" "$target/debug/mailslot"
# Other suites use this version's command from there.
cargo build --quiet --locked -p mailslot-cli --features zenoh || return
for package in mailslot mailslot-node; do
    dpkg-deb -z1 --root-owner-group --build "$scratch/$package" "$older" >/dev/null || return
done

check "lintian finds no errors" wait "$lintian"
cat "$scratch/lintian"
