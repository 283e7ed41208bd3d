//! The element that a value path describes.

use serde_json::{Map, Value};

use crate::filter::{Comparison, Filter, Literal, Operator};

/// The element that satisfies a conjunction of `eq`: `emails[type eq "work"]` describes `{"type":"work"}`. Entra expects
/// it to be created when it does not exist. Other filters describe no single element.
pub(super) fn described(filter: &Filter) -> Option<Map<String, Value>> {
    let mut element = Map::new();
    describe(filter, &mut element).then_some(element)
}

fn describe(filter: &Filter, element: &mut Map<String, Value>) -> bool {
    match filter {
        Filter::And(filters) => filters.iter().all(|filter| describe(filter, element)),
        Filter::Compare(Comparison { path, operator: Operator::Equal, literal }) if *literal != Literal::Null => {
            let Some(sub) = &path.sub else { return false };
            let value = literal.to_value();
            let previous = element.insert(sub.name.clone(), value.clone());
            previous.is_none_or(|previous| previous == value)
        }
        _ => false,
    }
}
