# Whether the OpenAPI document of a running tenantry is one, by the validator of the python-openapi project.

openapi_folder=${CARGO_TARGET_DIR:-target}/openapi

# Its packages are pinned; the folder is kept between runs and made anew when the pins change.
install_openapi_validator() {
    local pins=tests/support/openapi.txt
    if [ -x "$openapi_folder/bin/python" ] && cmp -s "$pins" "$openapi_folder/installed.txt"; then return; fi
    say "installing openapi-spec-validator"
    rm -rf "$openapi_folder"
    python3 -m venv "$openapi_folder" || give_up "python3 -m venv failed; install python3-venv"
    "$openapi_folder/bin/pip" install --quiet --disable-pip-version-check -r "$pins" \
        || give_up "pip could not install the packages of $pins"
    cp "$pins" "$openapi_folder/installed.txt"
}

# run_openapi_validator starts a server and has the validator look at what it serves.
run_openapi_validator() {
    local admin code=0
    mkdir "$work/openapi"
    admin=$(free_port)
    (
        export TENANTRY_DATA_DIR=$work/openapi/data TENANTRY_ADMIN__LISTEN=127.0.0.1:$admin
        export TENANTRY_SERVER__LISTEN=127.0.0.1:0 TENANTRY_SERVER__OPERATIONS_LISTEN=127.0.0.1:0
        exec "$openapi_folder/bin/python" tests/support/openapi_run.py "${CARGO_TARGET_DIR:-target}/debug/tenantry" \
            "http://127.0.0.1:$admin/api/v1/openapi.json" "$work/openapi/server.log"
    ) &
    child=$!
    wait "$child" || code=$?
    child=
    return "$code"
}
