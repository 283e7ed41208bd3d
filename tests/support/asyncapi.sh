# Whether the AsyncAPI document of the events is one, by the parser of the AsyncAPI project.

find_node() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        install_or_say "Node.js 18 or newer with npm" nodejs npm
    fi
}

# run_asyncapi_parser installs what tests/support/asyncapi pins, below the target folder, and has it read the document. No
# script of a package is run.
run_asyncapi_parser() {
    local own=tests/support/asyncapi folder=${CARGO_TARGET_DIR:-target}/asyncapi
    if ! cmp -s "$own/package-lock.json" "$folder/installed.json"; then
        say "installing @asyncapi/parser"
        mkdir -p "$folder"
        cp "$own/package.json" "$own/package-lock.json" "$folder/"
        (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --silent) \
            || give_up "npm could not install the packages of $own/package-lock.json"
        cp "$own/package-lock.json" "$folder/installed.json"
    fi
    cp "$own/check.js" "$folder/"
    node "$folder/check.js" docs/events/asyncapi.json
}
