# The conformance suite of the python-scim project, against a running tenantry.

target=${CARGO_TARGET_DIR:-target}
tester_folder=$target/scim2-tester

# Its packages are pinned; the folder is kept between runs and made anew when the pins change.
install_scim2_tester() {
    local pins=tests/support/scim2-tester.txt
    if [ -x "$tester_folder/bin/python" ] && cmp -s "$pins" "$tester_folder/installed.txt"; then return; fi
    say "installing scim2-tester"
    rm -rf "$tester_folder"
    python3 -m venv "$tester_folder" || give_up "python3 -m venv failed; install python3-venv"
    "$tester_folder/bin/pip" install --quiet --disable-pip-version-check -r "$pins" \
        || give_up "pip could not install the packages of $pins"
    cp "$pins" "$tester_folder/installed.txt"
}

# run_scim2_tester DATABASE starts a server with one tenant and lets the suite at it.
run_scim2_tester() {
    local database=$1 folder=$work/scim2-tester-$1 port operations code=0
    mkdir "$folder"
    port=$(free_port)
    operations=$(free_port)
    (
        export TENANTRY_DATA_DIR=$folder/data
        export TENANTRY_SERVER__LISTEN=127.0.0.1:$port TENANTRY_SERVER__OPERATIONS_LISTEN=127.0.0.1:$operations TENANTRY_ADMIN__LISTEN=
        if [ "$database" = postgres ]; then
            "$postgres_bin/createdb" -h 127.0.0.1 -p "${TESTS_POSTGRES_URL##*:}" -U postgres scim2_tester
            export TENANTRY_DATABASE__URL=$TESTS_POSTGRES_URL/scim2_tester
        fi
        exec "$tester_folder/bin/python" tests/support/scim2_tester_run.py "$target/debug/tenantry" \
            "http://127.0.0.1:$operations/readyz" "$folder/server.log"
    ) &
    child=$!
    wait "$child" || code=$?
    child=
    return "$code"
}
