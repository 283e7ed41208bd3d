# Private servers: on free loopback ports, with their data in the run's temporary folder.

postgres_data=
redis_pid=
mariadb_pid=

# A loopback port that nobody listens on.
free_port() {
    local port
    while :; do
        port=$((30000 + RANDOM % 2000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf '%s\n' "$port"
            return
        fi
    done
}

# PostgreSQL refuses to run as root; then it runs as the first of these users.
as_postgres() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
        return
    fi
    local user=nobody
    if id postgres >/dev/null 2>&1; then user=postgres; fi
    if command -v setpriv >/dev/null; then
        setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups "$@"
    else
        runuser -u "$user" -- "$@"
    fi
}

start_postgres() {
    postgres_data=$work/postgres
    mkdir "$postgres_data"
    if [ "$(id -u)" -eq 0 ]; then chown "$(as_postgres id -u)" "$postgres_data"; fi
    (cd "$postgres_data" && as_postgres "$postgres_bin/initdb" -D "$postgres_data/data" -U postgres -A trust -E UTF8 --locale=C -N) \
        >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log" >&2; give_up "initdb failed"; }
    local attempt port options
    for attempt in 1 2 3 4 5; do
        port=$(free_port)
        # Nothing here has to outlive a power cut, so no flush to disk.
        options="-p $port -k $postgres_data -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=400"
        if (cd "$postgres_data" && as_postgres "$postgres_bin/pg_ctl" -D "$postgres_data/data" -l "$postgres_data/log" -w -o "$options" start) >/dev/null 2>&1; then
            TESTS_POSTGRES_URL=postgres://postgres@127.0.0.1:$port
            return
        fi
    done
    cat "$postgres_data/log" >&2
    give_up "PostgreSQL did not start"
}

start_redis() {
    mkdir "$work/redis"
    local attempt port
    for attempt in 1 2 3 4 5; do
        port=$(free_port)
        "$redis_server" --bind 127.0.0.1 --port "$port" --dir "$work/redis" --save '' --appendonly no \
            >"$work/redis/log" 2>&1 &
        redis_pid=$!
        if wait_for_port "$port" "$redis_pid"; then
            TESTS_REDIS_URL=redis://127.0.0.1:$port
            return
        fi
    done
    cat "$work/redis/log" >&2
    give_up "Redis did not start"
}

# Of those who may connect, nobody needs a password: it listens on the loopback alone.
start_mariadb() {
    mkdir "$work/mariadb"
    local as=()
    if [ "$(id -u)" -eq 0 ]; then as=(--user=root); fi
    "$mariadb_install" --no-defaults --datadir="$work/mariadb/data" --auth-root-authentication-method=normal \
        --skip-test-db ${as[@]+"${as[@]}"} >"$work/mariadb/install.log" 2>&1 ||
        { cat "$work/mariadb/install.log" >&2; give_up "mariadb-install-db failed"; }
    local attempt port
    for attempt in 1 2 3 4 5; do
        port=$(free_port)
        # Nothing here has to outlive a power cut, so no flush to disk.
        "$mariadb_server" --no-defaults --datadir="$work/mariadb/data" --bind-address=127.0.0.1 --port="$port" \
            --socket="$work/mariadb/socket" --innodb-flush-log-at-trx-commit=0 ${as[@]+"${as[@]}"} \
            >"$work/mariadb/log" 2>&1 &
        mariadb_pid=$!
        if wait_for_port "$port" "$mariadb_pid"; then
            TESTS_MARIADB_URL=mysql://root@127.0.0.1:$port
            return
        fi
    done
    cat "$work/mariadb/log" >&2
    give_up "MariaDB did not start"
}

# wait_for_port PORT PID waits until the process listens, or has ended.
wait_for_port() {
    while kill -0 "$2" 2>/dev/null; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    return 1
}

stop_servers() {
    if [ -n "$redis_pid" ]; then kill "$redis_pid" 2>/dev/null || true; fi
    if [ -n "$mariadb_pid" ]; then kill -KILL "$mariadb_pid" 2>/dev/null || true; fi
    if [ -n "$postgres_data" ] && [ -d "$postgres_data/data" ]; then
        (cd "$postgres_data" && as_postgres "$postgres_bin/pg_ctl" -D "$postgres_data/data" -m immediate -w stop) >/dev/null 2>&1 || true
    fi
}
