//! The id of a request.

use std::cell::Cell;
use std::time::SystemTime;

use uuid::{Builder, Uuid};

/// A UUID of version 7 (RFC 9562 section 5.7) as text, so that later requests sort after earlier ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId([u8; 36]);

impl RequestId {
    /// Unique by its millisecond, a number counted up in it, and what tells this thread from all others. Nobody gains
    /// anything by guessing one, so it costs no randomness.
    pub(crate) fn new(at: SystemTime) -> Self {
        thread_local! {
            static THREAD: [u8; 8] = thread();
            static COUNT: Cell<u16> = const { Cell::new(0) };
        }
        let [high, low] = COUNT.replace(COUNT.get().wrapping_add(1)).to_be_bytes();
        let [a, b, c, d, e, f, g, h] = THREAD.with(|thread| *thread);
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let milliseconds = u64::try_from(since.as_millis()).unwrap_or_default();
        let id = Builder::from_unix_timestamp_millis(milliseconds, &[high, low, a, b, c, d, e, f, g, h]).into_uuid();
        let mut text = [0; 36];
        id.hyphenated().encode_lower(&mut text);
        Self(text)
    }

    /// As it stands in headers and logs.
    pub(crate) fn as_str(&self) -> &str {
        // Only hexadecimal digits and hyphens.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The random half of a UUID.
fn thread() -> [u8; 8] {
    let (_, random) = Uuid::now_v7().as_u64_pair();
    random.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ids_are_unique_and_sort_by_time() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let ids: Vec<_> = (0..1000).map(|_| RequestId::new(at).as_str().to_owned()).collect();
        assert!(ids.is_sorted_by(|one, other| one < other));
        assert!(ids.iter().all(|id| Uuid::parse_str(id).unwrap().get_version_num() == 7));
        assert!(RequestId::new(at + Duration::from_secs(1)).as_str() > ids.last().unwrap().as_str());
    }
}
