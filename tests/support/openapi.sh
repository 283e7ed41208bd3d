# Whether the OpenAPI document of a running tenantry is one, by the validator of the python-openapi project.

# run_openapi_validator starts a server and has the validator look at what it serves.
run_openapi_validator() {
    local admin code=0
    mkdir "$work/openapi"
    admin=$(free_port)
    (
        export TENANTRY_DATA_DIR=$work/openapi/data TENANTRY_STORES__LISTEN= TENANTRY_ADMIN__LISTEN=127.0.0.1:$admin
        export TENANTRY_SERVER__LISTEN=127.0.0.1:0 TENANTRY_SERVER__OPERATIONS_LISTEN=127.0.0.1:0
        exec "$(python_of openapi)" tests/support/openapi_run.py "${CARGO_TARGET_DIR:-target}/debug/tenantry" \
            "http://127.0.0.1:$admin/api/v1/openapi.json" "$work/openapi/server.log"
    ) &
    child=$!
    wait "$child" || code=$?
    child=
    return "$code"
}
