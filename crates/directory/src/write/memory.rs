//! What the last batches left: the counters of directories, with which the next batch may do without asking.
//!
//! They are a guess. Whoever writes by them is told by the database if somebody else has written meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::working::Counters;

/// Most directories that are remembered.
const MOST: usize = 10_000;

/// For how many batches a directory is locked first after a guess about it was wrong: another process writes to it too.
const CAUTIOUS: u32 = 16;

/// The counters of directories as this process last wrote them.
#[derive(Debug, Default)]
pub(super) struct Memory {
    counters: HashMap<i64, Counters>,
    cautious: HashMap<i64, u32>,
    /// The rules of told names, which stay known when counters are forgotten.
    namings: HashMap<i64, i64>,
}

impl Memory {
    /// The counters of all these directories, if each is remembered and has been trustworthy of late.
    pub(super) fn recall(&mut self, tenants: &BTreeSet<i64>) -> Option<BTreeMap<i64, Counters>> {
        let mut trusted = true;
        for tenant in tenants {
            if let Some(left) = self.cautious.get_mut(tenant) {
                *left -= 1;
                trusted = false;
                if *left == 0 {
                    self.cautious.remove(tenant);
                }
            }
        }
        if !trusted {
            return None;
        }
        tenants.iter().map(|tenant| Some((*tenant, *self.counters.get(tenant)?))).collect()
    }

    /// A batch has left these counters.
    pub(super) fn keep(&mut self, counters: &BTreeMap<i64, Counters>) {
        if self.counters.len() > MOST {
            self.counters.clear();
        }
        self.counters.extend(counters.iter().map(|(tenant, now)| (*tenant, now.left())));
        if self.namings.len() > MOST {
            self.namings.clear();
        }
        for (tenant, now) in counters {
            match now.naming {
                0 => self.namings.remove(tenant),
                naming => self.namings.insert(*tenant, naming),
            };
        }
    }

    /// The rule by which told names of a directory were made when this process last wrote to it; 0 if there was none.
    pub(super) fn naming(&self, tenant: i64) -> i64 {
        self.namings.get(&tenant).copied().unwrap_or_default()
    }

    /// Nothing is known of these directories.
    pub(super) fn forget(&mut self, tenants: &BTreeSet<i64>) {
        for tenant in tenants {
            self.counters.remove(tenant);
        }
    }

    /// Somebody else has written to one of these directories.
    pub(super) fn distrust(&mut self, tenants: &BTreeSet<i64>) {
        self.forget(tenants);
        if self.cautious.len() > MOST {
            self.cautious.clear();
        }
        self.cautious.extend(tenants.iter().map(|tenant| (*tenant, CAUTIOUS)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> BTreeSet<i64> {
        [1, 2].into()
    }

    fn counters() -> BTreeMap<i64, Counters> {
        both().into_iter().map(|tenant| (tenant, Counters::stored(tenant * 10, 0, 0))).collect()
    }

    #[test]
    fn a_guess_needs_every_directory() {
        let mut memory = Memory::default();
        memory.keep(&counters());
        assert_eq!(memory.recall(&both()).unwrap()[&2].sequence, 20);
        memory.forget(&[2].into());
        assert!(memory.recall(&both()).is_none());
        assert!(memory.recall(&[1].into()).is_some());
    }

    #[test]
    fn after_a_wrong_guess_the_directory_is_locked_first_for_a_while() {
        let mut memory = Memory::default();
        memory.keep(&counters());
        memory.distrust(&[1].into());
        memory.keep(&counters());
        let refused = (0..100).take_while(|_| memory.recall(&both()).is_none()).count();
        assert_eq!(u32::try_from(refused).unwrap(), CAUTIOUS);
    }
}
