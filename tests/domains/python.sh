# Sourced: Python with Zenoh, for peers that share no line with ours. Sets `python`.

python=${CARGO_TARGET_DIR:-$project/target}/python/bin/python

if ! "$python" -c 'import cryptography, zenoh' 2>/dev/null; then
    python3 -m venv "${python%/bin/python}" &&
        "$python" -m pip install --quiet --disable-pip-version-check eclipse-zenoh==1.10.2 cryptography || exit 1
fi
