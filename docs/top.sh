#!/usr/bin/env bash
# Takes the picture of `mailslot top` in docs/first-steps.md, of a machine of its own: docs/top.svg.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet -p mailslot-cli --bin mailslot --example top_picture
MAILSLOT_ROOT=$(mktemp -d)
export MAILSLOT_ROOT
trap 'rm -rf "$MAILSLOT_ROOT"' EXIT
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
"$target/debug/examples/top_picture" "$target/debug/mailslot" docs/top.svg
