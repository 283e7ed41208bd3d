//! Whether a resource satisfies a filter (RFC 7644 section 3.4.2.2).

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::value::{Subject, Unassigned, any_value, each, of_resource};
use super::{Comparison, Filter, Literal, Operator, Text};
use crate::moment::moment;
use crate::{AttributePath, fold};

impl Filter {
    /// Whether the resource matches: the tree as the client sees it, with `schemas`, `id`, `meta`, `groups`, `members`.
    #[must_use]
    pub fn matches(&self, tree: &Map<String, Value>) -> bool {
        self.holds(Subject::Resource(tree))
    }

    /// Whether one element of a multi-valued attribute matches. Only for filters from inside brackets
    /// ([`Filter::Element`], [`crate::Target::Elements`]).
    #[must_use]
    pub fn matches_element(&self, element: &Value) -> bool {
        self.holds(Subject::Element(element))
    }

    fn holds(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::And(filters) => filters.iter().all(|filter| filter.holds(subject)),
            Self::Or(filters) => filters.iter().any(|filter| filter.holds(subject)),
            Self::Not(filter) => !filter.holds(subject),
            Self::Present(path) => is_present(path, subject),
            Self::Compare(comparison) => comparison.holds(subject),
            Self::Element { attribute, filter } => match subject {
                Subject::Resource(tree) => of_resource(attribute, tree)
                    .is_some_and(|value| each(value, &mut |element| filter.matches_element(element))),
                Subject::Element(_) => false,
            },
            Self::Nothing => false,
        }
    }
}

fn is_present(path: &AttributePath, subject: Subject<'_>) -> bool {
    any_value(path, subject, Unassigned::Absent, &mut |_| true)
}

impl Comparison {
    fn holds(&self, subject: Subject<'_>) -> bool {
        match self.operator {
            Operator::Equal if self.literal == Literal::Null => !is_present(&self.path, subject),
            Operator::NotEqual if self.literal == Literal::Null => is_present(&self.path, subject),
            Operator::NotEqual => self.differs(subject),
            _ => any_value(&self.path, subject, Unassigned::Default, &mut |value| self.accepts(value)),
        }
    }

    /// `ne`: some value is another one, or there is none.
    fn differs(&self, subject: Subject<'_>) -> bool {
        let mut any = false;
        let differs = any_value(&self.path, subject, Unassigned::Default, &mut |value| {
            any = true;
            self.compare(value) != Some(Ordering::Equal)
        });
        differs || !any
    }

    fn accepts(&self, value: &Value) -> bool {
        if self.operator.is_substring() {
            return self.contains(value);
        }
        let Some(order) = self.compare(value) else {
            return false;
        };
        match self.operator {
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            _ => order.is_eq(),
        }
    }

    /// How the value relates to the literal; `None` where they have nothing in common.
    fn compare(&self, value: &Value) -> Option<Ordering> {
        match (&self.literal, value) {
            (Literal::Text(text), Value::String(value)) => Some(with_case(text, value, |value, text| value.cmp(text))),
            (Literal::Boolean(literal), Value::Bool(value)) => Some(value.cmp(literal)),
            (Literal::Number(literal), Value::Number(value)) => compare_numbers(value, literal),
            (Literal::Moment { at, .. }, Value::String(value)) => Some(moment(value)?.cmp(at)),
            _ => None,
        }
    }

    fn contains(&self, value: &Value) -> bool {
        let (Literal::Text(text), Value::String(value)) = (&self.literal, value) else {
            return false;
        };
        with_case(text, value, |value, text| match self.operator {
            Operator::StartsWith => value.starts_with(text),
            Operator::EndsWith => value.ends_with(text),
            _ => value.contains(text),
        })
    }
}

fn with_case<T>(text: &Text, value: &str, decide: impl FnOnce(&str, &str) -> T) -> T {
    if text.is_case_exact() { decide(value, text.as_sent()) } else { decide(&fold(value), text.folded()) }
}

/// Compares without loss where both are whole numbers.
fn compare_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Whether letter case matters for the values of this path. URNs in `schemas` are compared without it (RFC 8141).
pub(crate) fn is_case_exact(path: &AttributePath) -> bool {
    path.leaf().case_exact && !path.is_core("schemas")
}
