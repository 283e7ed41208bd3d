//! The buffer between those who log and the thread that writes.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::order::by_time;

/// So many buffers there are. Threads that write into one take turns, so each of the busy ones should have its own.
const LANES: usize = 8;

/// What may wait in one of them to be written: at about 300 bytes a line, 3,500 requests.
const CAPACITY: usize = 1024 * 1024;

/// How long lines gather before they are written, so that a busy server wakes the writer 50 times a second at most.
const GATHER: Duration = Duration::from_millis(20);

/// How long the end of the process may wait for its last lines. Whoever should read them may have stopped reading.
const LAST_LINES: Duration = Duration::from_secs(2);

/// The lines of some threads. It has a cache line of its own, so that nobody waits for the neighbour's.
#[derive(Default)]
#[repr(align(128))]
struct Lane(Mutex<Vec<u8>>);

/// What the writer is about.
#[derive(Default)]
struct State {
    writing: bool,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    lanes: [Lane; LANES],
    /// Whether the writer was told that there are lines.
    told: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
    dropped: Arc<AtomicU64>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lane of this thread. Threads get them in turn.
    fn lane(&self) -> &Lane {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local!(static OWN: usize = THREADS.fetch_add(1, Ordering::Relaxed) % LANES);
        let [first, ..] = &self.lanes;
        self.lanes.get(OWN.with(|own| *own)).unwrap_or(first)
    }

    /// Moves what waits into `batch`.
    fn take(&self, batch: &mut Vec<u8>) {
        // First, so that whoever adds a line from now on tells again.
        self.told.store(false, Ordering::SeqCst);
        let mut lanes = 0;
        for lane in &self.lanes {
            let mut lines = lane.lock();
            lanes += usize::from(!lines.is_empty());
            batch.append(&mut lines);
        }
        if lanes > 1 {
            by_time(batch);
        }
    }

    fn tell(&self) {
        if !self.told.load(Ordering::SeqCst) && !self.told.swap(true, Ordering::SeqCst) {
            // With the lock, so that the writer either sees it or is asleep already.
            let _state = self.lock();
            self.changed.notify_all();
        }
    }
}

impl Lane {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        // A panic while the lock is held leaves at worst half a line.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes whole lines without waiting. Clones write to the same place. What comes within [`GATHER`] is put
/// in the order of its time.
#[derive(Clone)]
pub(crate) struct Sink(Arc<Shared>);

impl Sink {
    /// Starts the thread that writes to `output` until it cannot be written to.
    pub(crate) fn start(output: impl Write + Send + 'static) -> io::Result<(Self, JoinHandle<()>)> {
        let shared = Arc::<Shared>::default();
        let writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || write_out(&writer, output))?;
        Ok((Self(shared), thread))
    }

    /// How many lines found the buffer full, or could not be written.
    pub(crate) fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.dropped)
    }

    /// Takes one line with its end, or counts it as dropped when the buffer is full.
    pub(crate) fn push(&self, line: &[u8]) {
        let mut lines = self.0.lane().lock();
        if lines.len() + line.len() > CAPACITY {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        lines.extend_from_slice(line);
        drop(lines);
        self.0.tell();
    }

    /// Waits until everything taken so far is written, two seconds at most.
    pub(crate) fn flush(&self) {
        let end = Instant::now() + LAST_LINES;
        let mut state = self.0.lock();
        while (state.writing || self.0.told.load(Ordering::SeqCst)) && !state.closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_out(shared: &Shared, mut output: impl Write) {
    let mut batch = Vec::new();
    loop {
        let mut state = shared.lock();
        while !shared.told.load(Ordering::SeqCst) {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writing = true;
        drop(state);
        std::thread::sleep(GATHER);
        shared.take(&mut batch);
        // Standard error can be gone (a closed terminal). There is nowhere left to say so, and serving goes on.
        let failed = output.write_all(&batch).and_then(|()| output.flush()).is_err();
        if failed {
            // Some of them may have been written after all; how many is not known.
            let lines = batch.iter().filter(|byte| **byte == b'\n').count();
            shared.dropped.fetch_add(u64::try_from(lines).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        batch.clear();
        let mut state = shared.lock();
        state.writing = false;
        state.closed = failed;
        drop(state);
        shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    struct Lines(mpsc::Sender<Vec<u8>>);

    impl Write for Lines {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            self.0.send(lines.to_vec()).map_err(io::Error::other)?;
            Ok(lines.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_was_pushed_is_written_once_flushed() {
        let (sender, written) = mpsc::channel();
        let (sink, _thread) = Sink::start(Lines(sender)).unwrap();
        sink.push(b"one\n");
        sink.push(b"two\n");
        sink.flush();
        assert_eq!(written.try_iter().flatten().collect::<Vec<_>>(), b"one\ntwo\n");
    }

    /// An output like a full pipe that nobody reads.
    struct Stuck(mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.recv().map_err(io::Error::other).err().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_that_takes_nothing_is_not_waited_for_and_its_lines_are_counted() {
        let (breaks, stuck) = mpsc::channel();
        let (sink, _thread) = Sink::start(Stuck(stuck)).unwrap();
        sink.push(b"one\n");
        sink.push(b"two\n");
        // Comes back although nothing can be written.
        sink.flush();
        assert_eq!(sink.dropped().load(Ordering::Relaxed), 0);
        breaks.send(()).unwrap();
        sink.flush();
        assert_eq!(sink.dropped().load(Ordering::Relaxed), 2);
    }

    #[test]
    fn lines_that_find_the_buffer_full_are_counted() {
        let shared = Arc::<Shared>::default();
        let sink = Sink(Arc::clone(&shared));
        sink.push(&vec![b'x'; CAPACITY]);
        sink.push(b"one too many\n");
        assert_eq!(sink.dropped().load(Ordering::Relaxed), 1);
        assert_eq!(shared.lane().lock().len(), CAPACITY);
    }

    #[test]
    fn lines_of_many_threads_are_all_written_each_whole_and_in_the_order_of_its_thread() {
        let (sender, written) = mpsc::channel();
        let (sink, _thread) = Sink::start(Lines(sender)).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..20 {
                let sink = sink.clone();
                scope.spawn(move || (0..500).for_each(|n| sink.push(format!("{thread} {n}\n").as_bytes())));
            }
        });
        sink.flush();
        let text = String::from_utf8(written.try_iter().flatten().collect()).unwrap();
        let mut next = [0; 20];
        for line in text.lines() {
            let (thread, n) = line.split_once(' ').unwrap();
            let expected = &mut next[thread.parse::<usize>().unwrap()];
            assert_eq!(n, expected.to_string());
            *expected += 1;
        }
        assert_eq!(next, [500; 20]);
    }
}
