# How the scripts talk.

say() { printf '\n== %s\n' "$*"; }

complain() { printf 'tests/run: %s\n' "$*" >&2; }

# Ends with a sentence about what is missing and how to get it.
give_up() {
    complain "$*"
    exit 1
}
