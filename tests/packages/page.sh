# Sourced after machines.sh: runs the commands of docs/operations.md, and compares their output with it.
#
# A line `USER@MACHINE:~# COMMAND`, or with `$`, is a command. Its output must contain the lines below it, up to the
# next command or the end of the block, where ... stands for anything.

page=docs/operations.md
# The contents of the page, in the order of their runs: all must be run.
sections_run=()

# Commands that only show something. They are repeated, a minute at most, until they show what they should, because much
# of it happens in the background.
looks='^(journalctl|systemctl (show|status|is-active)|mailslot (list|node status)) '

# section TITLE: runs a section of the page, up to the first command that fails.
section() {
    local line command=() expected=()
    sections_run+=("$1")
    while IFS= read -r line; do
        if [[ $line =~ ^([a-z]+)@([a-z0-9]+):~[#$]\ (.*)$ ]]; then
            step "$1" || return
            command=("${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}") expected=()
        else
            expected+=("$line")
        fi
    done < <(awk -v "title=## $1" '/^## / { here = $0 == title } /^```/ { block = !block; next } here && block' "$page")
    [ ${#command[@]} -gt 0 ] || { fail "$page has commands below ## $1"; return 1; }
    step "$1"
}

# step TITLE: runs the `command` that was read last, and compares its output with `expected`.
step() {
    local said line wrong try
    [ ${#command[@]} -gt 0 ] || return 0
    for try in $(seq 300); do
        said=$(in_machine "${command[@]}" 2>&1) || { wrong="it fails"; break; }
        wrong=''
        for line in "${expected[@]}"; do prints "$said" "$line" || wrong="it does not print: $line"; done
        [ -n "$wrong" ] && [[ ${command[2]} =~ $looks ]] || break
        sleep 0.2
    done
    [ -n "$wrong" ] || { pass "$1: ${command[2]}"; return; }
    fail "$1: ${command[2]}"
    printf '%s\n-- it says:\n%s\n' "$wrong" "$said"
    return 1
}

# prints TEXT LINE: whether the text has the line, in which ... stands for anything.
prints() {
    local pattern
    pattern=$(sed 's/[][\\*?]/\\&/g; s/\.\.\./*/g' <<<"$2")
    # shellcheck disable=SC2053
    [[ $1 == *$pattern* ]]
}

# Checks that every section with commands was run.
whole_page() {
    local titles
    titles=$(awk '/^## / { title = substr($0, 4) } /^```/ && !seen[title]++ { print title }' "$page")
    same "every section of the page was run" "$(printf '%s\n' "${sections_run[@]}" | sort)" "$(sort <<<"$titles")"
}
