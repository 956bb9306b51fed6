# Sourced first by a script that root runs: the script continues in separate namespaces for mounts and processes.
# However it ends, even by SIGKILL, its processes end with it, and nothing stays mounted.
if [ -z "${MAILSLOT_APART:-}" ]; then
    MAILSLOT_APART=1 exec unshare --mount --pid --fork --kill-child --mount-proc -- "$0" "$@"
fi
# Scripts that it starts may do this as well.
unset MAILSLOT_APART
