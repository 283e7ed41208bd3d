//! The issuers that were asked for last: so many, and no more.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Issuer;

/// More addresses than this are not remembered; they are those of clients, so there are few.
pub(super) const MOST: usize = 1024;

/// Each of them by its address. Where one more comes, the one is forgotten that nobody has asked for the longest.
#[derive(Default)]
pub(super) struct Issuers {
    known: HashMap<String, Used>,
    /// The addresses in the order in which they were asked for.
    order: BTreeMap<u64, String>,
    next: u64,
}

struct Used {
    issuer: Arc<Issuer>,
    at: u64,
}

impl Issuers {
    /// The issuer of this address, which is the one that was asked for last from now on.
    pub(super) fn of(&mut self, uri: &str) -> Arc<Issuer> {
        self.next += 1;
        if let Some(used) = self.known.get_mut(uri) {
            let before = std::mem::replace(&mut used.at, self.next);
            if let Some(uri) = self.order.remove(&before) {
                self.order.insert(self.next, uri);
            }
            return Arc::clone(&used.issuer);
        }
        if self.known.len() >= MOST
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.known.remove(&oldest);
        }
        let issuer = Arc::<Issuer>::default();
        self.order.insert(self.next, uri.to_owned());
        self.known.insert(uri.to_owned(), Used { issuer: Arc::clone(&issuer), at: self.next });
        issuer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(number: usize) -> String {
        format!("https://issuer-{number}.example/keys")
    }

    /// Whether it is the same as before, with what is known of it.
    fn is_kept(issuers: &Issuers, number: usize, before: &Arc<Issuer>) -> bool {
        issuers.known.get(&uri(number)).is_some_and(|used| Arc::ptr_eq(&used.issuer, before))
    }

    #[test]
    fn one_more_costs_the_one_that_was_not_asked_for_the_longest() {
        let mut issuers = Issuers::default();
        let before: Vec<_> = (0..MOST).map(|number| issuers.of(&uri(number))).collect();
        // The first one is in use.
        assert!(Arc::ptr_eq(&issuers.of(&uri(0)), &before[0]));
        issuers.of(&uri(MOST));
        let gone: Vec<_> = (0..MOST).filter(|number| !is_kept(&issuers, *number, &before[*number])).collect();
        assert_eq!(gone, [1]);
    }

    /// The attack: addresses without end. Each pushes out one, and who is asked for in between stays.
    #[test]
    fn any_number_of_addresses_is_bounded_and_who_is_in_use_stays() {
        let mut issuers = Issuers::default();
        let used = issuers.of("https://used.example/keys");
        for number in 0..5 * MOST {
            issuers.of(&uri(number));
            assert!(Arc::ptr_eq(&issuers.of("https://used.example/keys"), &used), "{number}");
            assert!(issuers.known.len() <= MOST && issuers.order.len() == issuers.known.len(), "{number}");
        }
        assert!(issuers.known.contains_key(&uri(5 * MOST - 1)));
    }
}
