//! Failures that are alike and about nobody are one row: a client that asks too often, or whose token has ended, would fill
//! its tenant's log with nothing else.

use std::collections::HashMap;

use crate::Failure;

/// A failure, and how often there was the like.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) failure: Failure,
    pub(crate) times: i64,
}

/// Puts together what is alike; the last one stands for all.
pub(crate) fn merge(failures: Vec<Failure>) -> Vec<Merged> {
    let mut merged: Vec<Merged> = Vec::with_capacity(failures.len());
    let mut places = HashMap::new();
    for failure in failures {
        let Failure { tenant, client, operation, resource_type, status, scim_type, .. } = failure;
        // Its sentence names the seconds.
        let sentence = (status != 429).then(|| failure.detail.clone());
        let alike = (tenant, client, operation, resource_type, status, scim_type, sentence);
        let place = failure.named.is_nobody().then(|| *places.entry(alike).or_insert(merged.len()));
        match place.and_then(|place| merged.get_mut(place)) {
            Some(one) => *one = Merged { failure, times: one.times + 1 },
            None => merged.push(Merged { failure, times: 1 }),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Named, Operation, failure::tests::failure};

    #[test]
    fn what_is_about_nobody_is_one_row_and_everybody_has_a_row() {
        let limited = |seconds| Failure { status: 429, detail: format!("try again in {seconds} s"), ..failure() };
        let about = |name: &str| Named { user_name: Some(name.to_owned()), ..Named::default() };
        let ada = Failure { named: about("ada"), operation: Operation::Create, ..failure() };
        let merged = merge(vec![limited(1), ada.clone(), limited(2), ada.clone()]);
        let expected = [(limited(2), 2), (ada.clone(), 1), (ada, 1)];
        assert_eq!(merged, expected.map(|(failure, times)| Merged { failure, times }));
    }
}
