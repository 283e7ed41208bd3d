# The steps of .ci/run one by one.

# Everything a change must pass.
ci:
    .ci/run

fmt:
    cargo fmt --all

lint:
    cargo clippy --workspace --all-targets -- -D warnings

# All tests, or those whose names contain one of these.
test *names:
    tests/run {{names}}

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

deny:
    cargo deny --workspace check bans licenses sources

run:
    cargo run

bench *arguments:
    tests/bench/run {{arguments}}
