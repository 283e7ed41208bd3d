//! Ends the servers that a test run leaves behind, however it ends.

use std::io::Write as _;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{LazyLock, Mutex};

/// A shell that reads process ids until the test program is gone, and then ends them.
///
/// Destructors do not run for statics nor after a signal; a closed pipe always tells.
static REAPER: LazyLock<Mutex<ChildStdin>> = LazyLock::new(start);

#[expect(clippy::zombie_processes, reason = "it outlives the test program by design")]
fn start() -> Mutex<ChildStdin> {
    let script = r#"trap '' INT TERM HUP
        while read -r verb pid; do
            case $verb in
                +) pids="$pids $pid" ;;
                -) pids=$(printf '%s' "$pids " | sed "s/ $pid / /") ;;
            esac
        done
        for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done"#;
    let mut shell = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    Mutex::new(shell.stdin.take().expect("its input"))
}

/// From now on the process ends with the test run.
pub(crate) fn watch(pid: u32) {
    tell('+', pid);
}

/// The process has ended; its id may belong to another by now.
pub(crate) fn forget(pid: u32) {
    tell('-', pid);
}

fn tell(verb: char, pid: u32) {
    let mut reaper = REAPER.lock().expect("the reaper");
    writeln!(reaper, "{verb} {pid}").expect("the reaper listens");
}
