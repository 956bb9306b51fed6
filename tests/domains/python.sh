# Sourced: Python with Zenoh, for peers that share no code with ours. Sets `python`.

python=${CARGO_TARGET_DIR:-$project/target}/python/bin/python

if ! "$python" -c 'import cryptography, zenoh' 2>/dev/null; then
    python3 -m venv "${python%/bin/python}" &&
        "$python" -m pip install --quiet --disable-pip-version-check eclipse-zenoh==1.10.2 cryptography || exit 1
fi

# python_part MACHINE HOST SCRIPT ARGUMENTS...: runs a program on a host, which uses the slots of another host's
# machine, and adds its tests to the counts.
python_part() {
    local machine=$1 host=$2 script=$3
    shift 3
    MAILSLOT=$mailslot MAILSLOT_ROOT=$scratch/$machine/slots MAILSLOT_DOMAINS=$scratch/$machine/domains \
        timeout -k 5 170 ip netns exec "$id-$host" "$python" -B "$project/tests/domains/$script" "$@" 2>&1 |
        tee "$scratch/$script.out"
    local status=${PIPESTATUS[0]}
    passed=$((passed + $(grep -c '^test .* \.\.\. ok$' "$scratch/$script.out")))
    failed=$((failed + $(grep -c '^test .* \.\.\. FAILED$' "$scratch/$script.out")))
    same "$script comes to its end" "$status" 0
}
