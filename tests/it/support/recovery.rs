//! How soon everything is as before when a cause has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What `docs/failures.md` promises, on a machine that has time for it.
pub(crate) const RECOVERY: Duration = Duration::from_secs(5);

/// How long the thread beside works and rests, again and again.
const WORK: Duration = Duration::from_millis(1);
const REST: Duration = Duration::from_millis(9);

/// However busy the machine is, nobody is given more than so many times the promised time.
const MOST: f64 = 4.0;

/// From the end of a cause on. A thread beside it that always has a little to do tells how much later than at once this machine
/// lets anybody work: where everything takes twice as long because other tests run, recovery may, too.
pub(crate) struct Recovery {
    began: Instant,
    is_over: Arc<AtomicBool>,
    beside: Option<JoinHandle<f64>>,
}

impl Recovery {
    /// The cause has just ended.
    pub(crate) fn begin() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let beside = Some(std::thread::spawn(move || work_until(&over)));
        Self { began: Instant::now(), is_over, beside }
    }

    /// Everything is as before, in time.
    #[track_caller]
    pub(crate) fn check(self, what: &str) {
        self.check_within(RECOVERY, what);
    }

    /// The same where another time is promised.
    #[track_caller]
    pub(crate) fn check_within(mut self, promised: Duration, what: &str) {
        let took = self.began.elapsed();
        self.is_over.store(true, Ordering::Relaxed);
        let slower = self.beside.take().expect("checked once").join().expect("the thread beside");
        report(&format!("{what}: as before after {took:?}, on a machine that takes {slower:.2} times as long"));
        assert!(
            took <= promised.mul_f64(slower),
            "{what}: {took:?}, on a machine that takes {slower:.2} times as long"
        );
    }
}

impl Drop for Recovery {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Works a little until it is over; how many times as long that took as on a machine that does nothing else.
fn work_until(is_over: &AtomicBool) -> f64 {
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        while began.elapsed() < WORK {
            std::hint::spin_loop();
        }
        std::thread::sleep(REST);
    }
    slower().unwrap_or(1.0).min(MOST)
}

/// What Linux tells of this thread: for how long it ran, and for how long it waited to run.
fn slower() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let mut nanoseconds = told.split_whitespace().map_while(|number| number.parse::<f64>().ok());
    let (ran, waited) = (nanoseconds.next()?, nanoseconds.next()?);
    (ran > 0.0).then(|| 1.0 + waited / ran)
}

#[expect(clippy::print_stderr, reason = "the test program shows it with --nocapture, and below a failed test")]
fn report(line: &str) {
    eprintln!("{line}");
}
