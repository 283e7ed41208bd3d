//! Whether a resource satisfies a filter (RFC 7644 section 3.4.2.2).

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::folded::Folded;
use super::value::{Subject, Unassigned, any_value, each, of_resource};
use super::{Comparison, Filter, Literal, Operator};
use crate::AttributePath;
use crate::moment::moment;

impl Filter {
    /// Whether the resource matches: the tree as the client sees it, with `schemas`, `id`, `meta`, `groups`, `members`.
    #[must_use]
    pub fn matches(&self, tree: &Map<String, Value>) -> bool {
        self.holds(Subject::Resource(tree), &mut Folded::default())
    }

    /// Whether one element of a multi-valued attribute matches. Only for filters from inside brackets
    /// ([`Filter::Element`], [`crate::Target::Elements`]).
    #[must_use]
    pub fn matches_element(&self, element: &Value) -> bool {
        self.holds(Subject::Element(element), &mut Folded::default())
    }

    fn holds<'a>(&self, subject: Subject<'a>, folded: &mut Folded<'a>) -> bool {
        match self {
            Self::And(filters) => filters.iter().all(|filter| filter.holds(subject, folded)),
            Self::Or(filters) => filters.iter().any(|filter| filter.holds(subject, folded)),
            Self::Not(filter) => !filter.holds(subject, folded),
            Self::Present(path) => is_present(path, subject),
            Self::Compare(comparison) => comparison.holds(subject, folded),
            Self::Element { attribute, filter } => match subject {
                Subject::Resource(tree) => of_resource(attribute, tree)
                    .is_some_and(|value| each(value, &mut |element| filter.holds(Subject::Element(element), folded))),
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
    fn holds<'a>(&self, subject: Subject<'a>, folded: &mut Folded<'a>) -> bool {
        match self.operator {
            Operator::Equal if self.literal == Literal::Null => !is_present(&self.path, subject),
            Operator::NotEqual if self.literal == Literal::Null => is_present(&self.path, subject),
            Operator::NotEqual => self.differs(subject, folded),
            _ => any_value(&self.path, subject, Unassigned::Default, &mut |value| self.accepts(value, folded)),
        }
    }

    /// `ne`: some value is another one, or there is none.
    fn differs<'a>(&self, subject: Subject<'a>, folded: &mut Folded<'a>) -> bool {
        let mut any = false;
        let differs = any_value(&self.path, subject, Unassigned::Default, &mut |value| {
            any = true;
            self.compare(value, folded) != Some(Ordering::Equal)
        });
        differs || !any
    }

    fn accepts<'a>(&self, value: &'a Value, folded: &mut Folded<'a>) -> bool {
        if self.operator.is_substring() {
            return self.contains(value, folded);
        }
        let Some(order) = self.compare(value, folded) else {
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
    fn compare<'a>(&self, value: &'a Value, folded: &mut Folded<'a>) -> Option<Ordering> {
        match (&self.literal, value) {
            (Literal::Text(text), Value::String(value)) => {
                Some(folded.with_case(text, value, |value, text| value.cmp(text)))
            }
            (Literal::Boolean(literal), Value::Bool(value)) => Some(value.cmp(literal)),
            (Literal::Number(literal), Value::Number(value)) => compare_numbers(value, literal),
            (Literal::Moment { at, .. }, Value::String(value)) => Some(moment(value)?.cmp(at)),
            _ => None,
        }
    }

    fn contains<'a>(&self, value: &'a Value, folded: &mut Folded<'a>) -> bool {
        let (Literal::Text(text), Value::String(value)) = (&self.literal, value) else {
            return false;
        };
        folded.with_case(text, value, |value, text| match self.operator {
            Operator::StartsWith => value.starts_with(text),
            Operator::EndsWith => value.ends_with(text),
            _ => value.contains(text),
        })
    }
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
