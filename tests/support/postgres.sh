#!/usr/bin/env bash
# A PostgreSQL that one test has for itself.
#
#   tests/support/postgres.sh start FOLDER      makes it, starts it and prints its URL
#   tests/support/postgres.sh restart FOLDER MODE
#   tests/support/postgres.sh stop FOLDER
#
# FOLDER is empty at first. MODE is one of pg_ctl: fast ends sessions, immediate is as good as a crash. One that was killed is
# started again by a restart.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/support/say.sh
source tests/support/packages.sh
source tests/support/servers.sh

work=$2
find_postgres
case $1 in
    start)
        start_postgres
        printf '%s\n' "$TESTS_POSTGRES_URL"
        ;;
    restart)
        cd "$work"
        # After a kill the sessions that are left have to end first.
        for attempt in {1..50}; do
            if as_postgres "$postgres_bin/pg_ctl" -D "$work/postgres/data" -l "$work/postgres/log" -m "$3" -w restart >/dev/null 2>&1; then
                exit 0
            fi
            sleep 0.2
        done
        give_up "PostgreSQL did not start again"
        ;;
    stop)
        postgres_data=$work/postgres
        stop_servers
        ;;
esac
