# Sourced, before anything else, by a script that root runs: it goes on in namespaces of its own for mounts and processes. Whatever ends it,
# SIGKILL too, ends all that it has started, and nothing stays mounted.
if [ -z "${MAILSLOT_APART:-}" ]; then
    MAILSLOT_APART=1 exec unshare --mount --pid --fork --kill-child --mount-proc -- "$0" "$@"
fi
# What the script starts may go apart as well.
unset MAILSLOT_APART
