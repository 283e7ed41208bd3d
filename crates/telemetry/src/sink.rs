//! The buffer between those who log and the thread that writes.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What may wait to be written. At about 300 bytes a line that is a second of 14,000 requests.
const CAPACITY: usize = 4 * 1024 * 1024;

/// How long lines gather before they are written, so that a busy server wakes the writer 50 times a second at most.
const GATHER: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Buffer {
    lines: Vec<u8>,
    writing: bool,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    buffer: Mutex<Buffer>,
    changed: Condvar,
    dropped: Arc<AtomicU64>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Buffer> {
        // A panic while the lock is held leaves at worst half a line.
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes whole lines without waiting. Clones write to the same place.
#[derive(Clone)]
pub(crate) struct Sink(Arc<Shared>);

impl Sink {
    /// Starts the thread that writes to `output` until [`Sink::close`].
    pub(crate) fn start(output: impl Write + Send + 'static) -> io::Result<(Self, JoinHandle<()>)> {
        let shared = Arc::<Shared>::default();
        let writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || write_out(&writer, output))?;
        Ok((Self(shared), thread))
    }

    /// How many lines found the buffer full.
    pub(crate) fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.dropped)
    }

    /// Takes one line with its end, or counts it as dropped when the buffer is full.
    pub(crate) fn push(&self, line: &[u8]) {
        let mut buffer = self.0.lock();
        if buffer.lines.len() + line.len() > CAPACITY {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let was_empty = buffer.lines.is_empty();
        buffer.lines.extend_from_slice(line);
        drop(buffer);
        if was_empty {
            self.0.changed.notify_all();
        }
    }

    /// Waits until everything taken so far is written.
    pub(crate) fn flush(&self) {
        let mut buffer = self.0.lock();
        while (buffer.writing || !buffer.lines.is_empty()) && !buffer.closed {
            buffer = self.0.changed.wait(buffer).unwrap_or_else(PoisonError::into_inner);
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
        let mut buffer = shared.lock();
        while buffer.lines.is_empty() {
            buffer = shared.changed.wait(buffer).unwrap_or_else(PoisonError::into_inner);
        }
        buffer.writing = true;
        drop(buffer);
        std::thread::sleep(GATHER);
        std::mem::swap(&mut batch, &mut shared.lock().lines);
        // Standard error can be gone (a closed terminal). There is nowhere left to say so, and serving goes on.
        let failed = output.write_all(&batch).and_then(|()| output.flush()).is_err();
        batch.clear();
        let mut buffer = shared.lock();
        buffer.writing = false;
        buffer.closed = failed;
        drop(buffer);
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

    #[test]
    fn lines_that_find_the_buffer_full_are_counted() {
        let shared = Arc::<Shared>::default();
        let sink = Sink(Arc::clone(&shared));
        sink.push(&vec![b'x'; CAPACITY]);
        sink.push(b"one too many\n");
        assert_eq!(sink.dropped().load(Ordering::Relaxed), 1);
        assert_eq!(shared.lock().lines.len(), CAPACITY);
    }
}
