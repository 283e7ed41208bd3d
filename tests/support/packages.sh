# Finds the programs that the tests need and installs those that are missing, where that is allowed.

updated=no

# install_or_say WHAT PACKAGE… installs Debian packages, or says exactly what to install.
install_or_say() {
    local what=$1
    shift
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        give_up "$what is missing; install it, on Debian or Ubuntu with: sudo apt-get install $*"
    fi
    say "installing $* ($what is missing)"
    if [ "$updated" = no ]; then
        apt-get update -qq || complain "apt-get update failed; trying with the lists that are there"
        updated=yes
    fi
    # The packages would start servers of their own; the policy keeps them from it.
    local policy=/usr/sbin/policy-rc.d made=no
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        made=yes
    fi
    local code=0
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || code=$?
    if [ "$made" = yes ]; then rm -f "$policy"; fi
    [ "$code" -eq 0 ] || give_up "apt-get could not install $*; install $what by hand"
}

# first_with PROGRAM FOLDER… prints the first folder that has the program.
first_with() {
    local program=$1 folder
    shift
    for folder in "$@"; do
        if [ -x "$folder/$program" ]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done
    return 1
}

# Folders with PostgreSQL's programs, the newest version first, then PATH.
postgres_folders() {
    ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/opt/postgresql*/bin /opt/homebrew/opt/postgresql*/bin \
        2>/dev/null | sort -rV || true
    local initdb
    if initdb=$(command -v initdb); then dirname "$(readlink -f "$initdb")"; fi
}

find_postgres() {
    local folders
    mapfile -t folders < <(postgres_folders)
    if ! postgres_bin=$(first_with initdb ${folders[@]+"${folders[@]}"}); then
        install_or_say "PostgreSQL 15 or newer" postgresql
        mapfile -t folders < <(postgres_folders)
        postgres_bin=$(first_with initdb ${folders[@]+"${folders[@]}"}) || give_up "PostgreSQL was installed, but initdb is not found"
    fi
}

find_redis() {
    if ! redis_server=$(command -v redis-server || command -v valkey-server); then
        install_or_say "Redis 7 or newer" redis-server
        redis_server=$(command -v redis-server) || give_up "Redis was installed, but redis-server is not found"
    fi
}

# MariaDB's server and what makes its data folder.
find_mariadb() {
    PATH=$PATH:/usr/sbin
    if ! command -v mariadbd >/dev/null || ! command -v mariadb-install-db >/dev/null; then
        install_or_say "MariaDB 10.6 or newer" mariadb-server-core mariadb-client-core
        hash -r
    fi
    mariadb_server=$(command -v mariadbd) || give_up "MariaDB was installed, but mariadbd is not found"
    mariadb_install=$(command -v mariadb-install-db) || give_up "MariaDB was installed, but mariadb-install-db is not found"
}

find_sqlite() {
    if ! command -v sqlite3 >/dev/null; then
        install_or_say "the sqlite3 program, with which the tour looks into a store" sqlite3
    fi
}

find_nats() {
    local paths=/usr/sbin:/usr/local/sbin:$PATH
    if ! nats_server=$(PATH=$paths command -v nats-server); then
        install_or_say "NATS 2.9 or newer" nats-server
        nats_server=$(PATH=$paths command -v nats-server) || give_up "NATS was installed, but nats-server is not found"
    fi
}

# The script of RabbitMQ itself; the one in Debian's PATH changes to a user of its own.
rabbitmq_script() {
    ls /usr/lib/rabbitmq/bin/rabbitmq-server /opt/homebrew/sbin/rabbitmq-server /usr/local/sbin/rabbitmq-server 2>/dev/null |
        head -n 1
}

find_rabbitmq() {
    rabbitmq_server=$(rabbitmq_script || true)
    if [ -z "$rabbitmq_server" ] || ! epmd=$(command -v epmd); then
        install_or_say "RabbitMQ 3.10 or newer" rabbitmq-server
        rabbitmq_server=$(rabbitmq_script || true)
        [ -n "$rabbitmq_server" ] || give_up "RabbitMQ was installed, but its rabbitmq-server is not found"
        epmd=$(command -v epmd) || give_up "RabbitMQ was installed, but Erlang's epmd is not found"
    fi
}

# The library that gives one program another time.
faketime_library() {
    ls /usr/lib/*/faketime/libfaketime.so.1 /usr/lib/faketime/libfaketime.so.1 /usr/lib64/faketime/libfaketime.so.1 \
        /usr/local/lib/faketime/libfaketime.so.1 2>/dev/null | head -n 1
}

find_faketime() {
    faketime=$(faketime_library || true)
    if [ -z "$faketime" ]; then
        install_or_say "libfaketime" libfaketime
        faketime=$(faketime_library || true)
        [ -n "$faketime" ] || give_up "libfaketime was installed, but libfaketime.so.1 is not found"
    fi
}

find_python() {
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        install_or_say "Python 3.10 or newer with venv" python3 python3-venv
    fi
}
