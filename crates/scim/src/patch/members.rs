//! Operations on the members of a group, which are rows of their own and not part of the group.

use serde_json::Value;

use super::step::{Change, Place, Step};
use crate::ScimError;
use crate::filter::{Comparison, Filter, Literal, Operator};
use crate::resource::Member;

/// One change of a group's members; ids are as the client sent them.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberStep {
    /// These become members, if they are not yet.
    Add(Vec<Member>),
    /// These are no longer members; naming one who is none is a success (RFC 7644 section 3.5.2.2).
    Remove(Vec<String>),
    /// Members who satisfy the filter go: ask [`Filter::matches_element`] with `{"value", "type", "display"}` of each.
    RemoveWhere(Filter),
    /// All go.
    Clear,
    /// Exactly these are members.
    Replace(Vec<Member>),
}

impl MemberStep {
    /// What a step on `members` means; `None` if it does nothing.
    pub(super) fn of(step: Step) -> Result<Option<Self>, ScimError> {
        match (step.place, step.change) {
            (Place::Attribute(_), Change::Append(elements)) => Ok(Some(Self::Add(members(elements)))),
            (Place::Attribute(_), Change::Set(Value::Array(elements))) => Ok(Some(Self::Replace(members(elements)))),
            (Place::Attribute(_), Change::Withdraw(elements)) => Ok(Some(Self::Remove(ids(elements)))),
            (Place::Attribute(_), Change::Unassign) => Ok(Some(Self::Clear)),
            (Place::Elements(_, Some(filter)), Change::Unassign) => Ok(Some(Self::remove_where(filter))),
            (Place::Elements(_, Some(filter)), Change::Merge(merge)) => match (merge.set.get("value"), ids_of(&filter))
            {
                (Some(Value::String(id)), Some(ids)) if ids == [id.as_str()] => {
                    Ok(Some(Self::Add(vec![Member::new(id)])))
                }
                _ => Err(inside_a_member()),
            },
            _ => Err(inside_a_member()),
        }
    }

    fn remove_where(filter: Filter) -> Self {
        match ids_of(&filter) {
            Some(ids) => Self::Remove(ids.into_iter().map(str::to_owned).collect()),
            None => Self::RemoveWhere(filter),
        }
    }
}

/// RFC 7643 section 4.2: what a member consists of is immutable.
fn inside_a_member() -> ScimError {
    ScimError::mutability("members are added and removed, not edited")
}

fn members(elements: Vec<Value>) -> Vec<Member> {
    elements.into_iter().filter_map(Member::from_value).collect()
}

fn ids(elements: Vec<Value>) -> Vec<String> {
    members(elements).into_iter().map(|member| member.id).collect()
}

/// The ids that a filter names, if it does nothing else: `value eq "x" or value eq "y"`.
fn ids_of(filter: &Filter) -> Option<Vec<&str>> {
    match filter {
        Filter::Or(filters) => filters.iter().map(id_of).collect(),
        filter => Some(vec![id_of(filter)?]),
    }
}

fn id_of(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Compare(Comparison { path, operator: Operator::Equal, literal: Literal::Text(text) })
            if path.sub.as_ref().is_some_and(|sub| sub.name == "value") =>
        {
            Some(text.as_sent())
        }
        _ => None,
    }
}
