//! Telling many names apart in a few bytes each.

use std::hash::{BuildHasher as _, RandomState};

/// Tells names apart without regard to letter case, in a few bytes each.
#[derive(Default)]
pub(crate) struct Fingerprints([RandomState; 2]);

impl Fingerprints {
    pub(crate) fn of(&self, name: &str) -> u128 {
        let folded = scim::fold(name);
        let [high, low] = self.0.each_ref().map(|state| u128::from(state.hash_one(&*folded)));
        high << 64 | low
    }
}
