# What tests/bench/run needs beside the functions of tests/support.

# Standard output belongs to the report.
say() { printf '== %s\n' "$*" >&2; }

complain() { printf 'tests/bench/run: %s\n' "$*" >&2; }

give_up() {
    complain "$*"
    exit 1
}

group=

# Runs a command in a process group of its own, and ends what it leaves behind.
run_group() {
    set -m
    "$@" &
    group=$!
    set +m
    local code=0
    wait "$group" || code=$?
    stop_group
    return "$code"
}

# Ends every process of the group: asks, waits, and kills what has not heard.
stop_group() {
    local attempt
    [ -n "$group" ] || return 0
    kill -TERM -- "-$group" 2>/dev/null || true
    for attempt in {1..100}; do
        kill -0 -- "-$group" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$group" 2>/dev/null || true
    wait "$group" 2>/dev/null || true
    group=
}

# A private PostgreSQL that flushes to disk, as one that keeps anyone's users must. A larger cache, and checkpoints
# that do not fall into one turn and spare the next.
start_durable_postgres() {
    postgres_data=$work/postgres
    mkdir "$postgres_data"
    if [ "$(id -u)" -eq 0 ]; then chown "$(as_postgres id -u)" "$postgres_data"; fi
    (cd "$postgres_data" && as_postgres "$postgres_bin/initdb" -D "$postgres_data/data" -U postgres -A trust -E UTF8 --locale=C) \
        >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log" >&2; give_up "initdb failed"; }
    local attempt options
    for attempt in 1 2 3 4 5; do
        postgres_port=$(free_port)
        options="-p $postgres_port -k $postgres_data -c listen_addresses=127.0.0.1 -c max_connections=200"
        options+=" -c shared_buffers=512MB -c max_wal_size=8GB -c checkpoint_timeout=1h"
        if (cd "$postgres_data" && as_postgres "$postgres_bin/pg_ctl" -D "$postgres_data/data" -l "$postgres_data/log" -w -o "$options" start) >/dev/null 2>&1; then
            return
        fi
    done
    cat "$postgres_data/log" >&2
    give_up "PostgreSQL did not start"
}
