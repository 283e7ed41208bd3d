# The conformance suite of the python-scim project, against a running tenantry.

# run_scim2_tester DATABASE starts a server with one tenant and lets the suite at it.
run_scim2_tester() {
    local database=$1 folder=$work/scim2-tester-$1 port operations code=0
    mkdir "$folder"
    port=$(free_port)
    operations=$(free_port)
    (
        export TENANTRY_DATA_DIR=$folder/data
        export TENANTRY_SERVER__LISTEN=127.0.0.1:$port TENANTRY_SERVER__OPERATIONS_LISTEN=127.0.0.1:$operations TENANTRY_STORES__LISTEN= TENANTRY_ADMIN__LISTEN=
        if [ "$database" = postgres ]; then
            "$postgres_bin/createdb" -h 127.0.0.1 -p "${TESTS_POSTGRES_URL##*:}" -U postgres scim2_tester
            export TENANTRY_DATABASE__URL=$TESTS_POSTGRES_URL/scim2_tester
        fi
        exec "$(python_of scim2-tester)" tests/support/scim2_tester_run.py "${CARGO_TARGET_DIR:-target}/debug/tenantry" \
            "http://127.0.0.1:$operations/readyz" "$folder/server.log"
    ) &
    child=$!
    wait "$child" || code=$?
    child=
    return "$code"
}
