# Programs of the Python package index, each in a virtual environment of its own below the target folder.

# install_python NAME installs what tests/support/NAME.txt pins. The folder is kept between runs and made anew when the
# pins change; afterwards $(python_of NAME) is its interpreter.
install_python() {
    local name=$1 pins=tests/support/$1.txt folder
    folder=$(dirname "$(dirname "$(python_of "$name")")")
    if [ -x "$folder/bin/python" ] && cmp -s "$pins" "$folder/installed.txt"; then return; fi
    say "installing $name"
    rm -rf "$folder"
    python3 -m venv "$folder" || give_up "python3 -m venv failed; install python3-venv"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$pins" \
        || give_up "pip could not install the packages of $pins"
    cp "$pins" "$folder/installed.txt"
}

python_of() {
    printf '%s/%s/bin/python' "${CARGO_TARGET_DIR:-target}" "$1"
}
