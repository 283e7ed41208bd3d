# Long commands run in a process group of their own, so that an interrupted run ends all of them.

child=

# Runs a command to its end; its exit code is the result.
run_child() {
    set -m
    "$@" &
    child=$!
    set +m
    local code=0
    wait "$child" || code=$?
    child=
    return "$code"
}

# run_child_logged FILE COMMAND… also keeps what it writes.
run_child_logged() {
    local file=$1
    shift
    run_child logged "$file" "$@"
}

logged() {
    local file=$1
    shift
    set -o pipefail
    "$@" 2>&1 | tee "$file"
}

stop_child() {
    if [ -n "$child" ]; then
        kill -TERM -- "-$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
        child=
    fi
}

# Adds up the result lines of cargo.
count_tests() {
    passed_tests=$(awk '/^test result:/ { sum += $4 } END { print sum + 0 }' "$1")
    failed_tests=$(awk '/^test result:/ { sum += $6 } END { print sum + 0 }' "$1")
}
