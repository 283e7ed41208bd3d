//! The part of a filter that an index, a column or the text of the document answers, as SQL.
//!
//! A condition never leaves out what the filter matches; where it may let more through, it is not `exact` and the
//! evaluator decides.

use scim::{AttributePath, Comparison, Filter, Literal, Operator, ResourceKind};
use sea_orm::{DbBackend, Value};

use super::text;
use crate::key;

/// A condition on the row `r` of `resources`, with its values in order.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) exact: bool,
    pub(super) reach: Reach,
}

/// How many rows a condition has the database look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// An index tells, and they are few.
    Few,
    /// An index tells, and they may be many.
    Many,
    /// Every one of the tenant.
    All,
}

/// How many rows are looked at for a filter.
pub(super) fn reach(kind: ResourceKind, filter: &Filter) -> Reach {
    let condition = Lowering::new(DbBackend::Sqlite, 0, kind, Vec::new()).lower(filter);
    condition.map_or(Reach::All, |condition| condition.reach)
}

/// Most texts that are looked for in each document: each is a pass over it.
const NEEDLES: u32 = 4;

/// Turns filters into conditions; collects the values they bind.
#[derive(Debug)]
pub(super) struct Lowering {
    backend: DbBackend,
    tenant: i64,
    kind: ResourceKind,
    /// The values of the statement so far: those before the condition, and then its own.
    pub(super) values: Vec<Value>,
    needles: u32,
}

impl Lowering {
    pub(super) fn new(backend: DbBackend, tenant: i64, kind: ResourceKind, values: Vec<Value>) -> Self {
        Self { backend, tenant, kind, values, needles: 0 }
    }

    /// The condition that a filter implies; `None` if the row alone cannot tell.
    pub(super) fn lower(&mut self, filter: &Filter) -> Option<Condition> {
        match filter {
            Filter::And(filters) => self.all(filters),
            Filter::Or(filters) => self.any(filters),
            Filter::Compare(comparison) => self.compare(comparison),
            Filter::Element { attribute, filter } => self.element(attribute, filter),
            Filter::Nothing => Some(nothing()),
            Filter::Not(_) | Filter::Present(_) => None,
        }
    }

    fn all(&mut self, filters: &[Filter]) -> Option<Condition> {
        let lowered: Vec<_> = filters.iter().filter_map(|filter| self.lower(filter)).collect();
        if lowered.is_empty() {
            return None;
        }
        let exact = lowered.len() == filters.len() && lowered.iter().all(|condition| condition.exact);
        let reach = lowered.iter().map(|condition| condition.reach).min().unwrap_or(Reach::All);
        Some(Condition { sql: join(lowered, " AND "), exact, reach })
    }

    fn any(&mut self, filters: &[Filter]) -> Option<Condition> {
        let bound = self.values.len();
        let mut lowered = Vec::with_capacity(filters.len());
        for filter in filters {
            let Some(condition) = self.lower(filter) else {
                self.values.truncate(bound);
                return None;
            };
            lowered.push(condition);
        }
        let exact = lowered.iter().all(|condition| condition.exact);
        let reach = lowered.iter().map(|condition| condition.reach).max().unwrap_or(Reach::All);
        Some(Condition { sql: join(lowered, " OR "), exact, reach })
    }

    /// One element satisfies all of a conjunction, so it satisfies each part: the part on `value` narrows the search.
    fn element(&mut self, attribute: &AttributePath, filter: &Filter) -> Option<Condition> {
        let parts = match filter {
            Filter::And(parts) => parts.as_slice(),
            part => std::slice::from_ref(part),
        };
        let of_value = |part: &&Filter| {
            matches!(part, Filter::Compare(comparison)
                if comparison.path.attribute.name == attribute.attribute.name && is_value(&comparison.path))
        };
        let Some(part) = parts.iter().find(of_value) else {
            return self.all(parts).map(|condition| Condition { exact: false, ..condition });
        };
        let condition = self.lower(part)?;
        Some(Condition { exact: condition.exact && parts.len() == 1, ..condition })
    }

    fn compare(&mut self, comparison: &Comparison) -> Option<Condition> {
        self.column(comparison).or_else(|| self.document(comparison))
    }

    /// What is in none of the columns stands in the document.
    fn document(&mut self, comparison: &Comparison) -> Option<Condition> {
        let needle = text::needle(comparison).filter(|_| self.needles < NEEDLES)?;
        self.needles += 1;
        let needle = self.bind(needle);
        Some(Condition { sql: text::contains(self.backend, &needle), exact: false, reach: Reach::All })
    }

    fn column(&mut self, comparison: &Comparison) -> Option<Condition> {
        let path = &comparison.path;
        if path.extension.is_some() {
            return if is_manager(path) { self.manager(comparison) } else { None };
        }
        let name = path.attribute.name.as_str();
        let sub = path.sub.as_ref().map(|sub| sub.name.as_str());
        match (name, sub) {
            ("id", None) => self.text_id(comparison, "r.id = "),
            ("userName", None) if self.kind == ResourceKind::User => self.text("r.user_name", comparison),
            ("displayName", None) => self.text("r.display_name", comparison),
            ("externalId", None) => self.text("r.external_id", comparison),
            ("active", None) => self.active(comparison),
            ("emails", Some("value")) => self.email(comparison),
            ("members", Some("value")) => self.membership(comparison, "group_id", "member_id"),
            ("groups", Some("value")) => self.membership(comparison, "member_id", "group_id"),
            ("meta", Some("created")) => self.moment("r.created", comparison),
            ("meta", Some("lastModified")) => self.moment("r.modified", comparison),
            _ => None,
        }
    }

    fn text(&mut self, column: &str, comparison: &Comparison) -> Option<Condition> {
        let text = comparison.literal.folded()?;
        let indexed = key::exact(text);
        let exact = indexed == text;
        match comparison.operator {
            Operator::Equal => {
                let value = self.bind(indexed.into_owned());
                Some(Condition { sql: format!("{column} = {value}"), exact, reach: Reach::Few })
            }
            Operator::StartsWith if !text.is_empty() => {
                let upper = successor(&indexed)?;
                let lower = self.bind(indexed.into_owned());
                let upper = self.bind(upper);
                let collate = if self.backend == DbBackend::Postgres { " COLLATE \"C\"" } else { "" };
                let sql = format!("{column}{collate} >= {lower} AND {column}{collate} < {upper}");
                Some(Condition { sql, exact: false, reach: Reach::Many })
            }
            _ => None,
        }
    }

    /// An `id` that cannot be one of ours matches nothing.
    fn text_id(&mut self, comparison: &Comparison, condition: &str) -> Option<Condition> {
        let (Operator::Equal, Literal::Text(text)) = (comparison.operator, &comparison.literal) else { return None };
        let Some(id) = key::id(text.as_sent()) else {
            return Some(nothing());
        };
        let value = self.bind_id(id);
        Some(Condition { sql: format!("{condition}{value}"), exact: true, reach: Reach::Few })
    }

    fn manager(&mut self, comparison: &Comparison) -> Option<Condition> {
        let (Operator::Equal, Literal::Text(text)) = (comparison.operator, &comparison.literal) else { return None };
        // The column holds only managers that are ids; letter case does not matter to `manager.value`.
        let id = uuid::Uuid::try_parse(text.as_sent()).ok().filter(|id| !id.is_nil())?;
        let value = self.bind_id(id);
        Some(Condition { sql: format!("r.manager_id = {value}"), exact: false, reach: Reach::Few })
    }

    fn active(&mut self, comparison: &Comparison) -> Option<Condition> {
        let (Operator::Equal, Literal::Boolean(active)) = (comparison.operator, &comparison.literal) else {
            return None;
        };
        let value = self.bind(*active);
        Some(Condition { sql: format!("r.active = {value}"), exact: false, reach: Reach::All })
    }

    fn email(&mut self, comparison: &Comparison) -> Option<Condition> {
        if comparison.operator != Operator::Equal {
            return None;
        }
        let text = comparison.literal.folded()?;
        let (tenant, value) = (self.bind(self.tenant), key::exact(text).into_owned());
        let value = self.bind(value);
        let sql =
            format!("r.id IN (SELECT e.resource_id FROM emails e WHERE e.tenant_id = {tenant} AND e.value = {value})");
        Some(Condition { sql, exact: false, reach: Reach::Few })
    }

    fn membership(&mut self, comparison: &Comparison, wanted: &str, given: &str) -> Option<Condition> {
        let tenant = self.bind(self.tenant);
        let start =
            format!("r.id IN (SELECT m.{wanted} FROM memberships m WHERE m.tenant_id = {tenant} AND m.{given} = ");
        let condition = self.text_id(comparison, &start)?;
        let sql = if condition.sql.starts_with(&start) { format!("{})", condition.sql) } else { condition.sql };
        // A user is in few groups; of a group there may be many.
        let reach = if wanted == "group_id" { Reach::Few } else { Reach::Many };
        Some(Condition { sql, exact: condition.exact, reach })
    }

    /// Columns hold whole milliseconds, so a bound is taken a millisecond wider.
    fn moment(&mut self, column: &str, comparison: &Comparison) -> Option<Condition> {
        let Literal::Moment { at, .. } = &comparison.literal else { return None };
        let ms = i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?;
        let (operator, bound) = match comparison.operator {
            Operator::Greater | Operator::GreaterOrEqual => (">=", ms),
            Operator::Less | Operator::LessOrEqual => ("<=", ms.saturating_add(1)),
            _ => return None,
        };
        let value = self.bind(bound);
        Some(Condition { sql: format!("{column} {operator} {value}"), exact: false, reach: Reach::All })
    }

    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn bind_id(&mut self, id: uuid::Uuid) -> String {
        match self.backend {
            DbBackend::Sqlite => self.bind(id.to_string()),
            _ => self.bind(id),
        }
    }
}

fn nothing() -> Condition {
    Condition { sql: "1 = 0".to_owned(), exact: true, reach: Reach::Few }
}

fn is_value(path: &AttributePath) -> bool {
    path.sub.as_ref().is_some_and(|sub| sub.name == "value")
}

fn is_manager(path: &AttributePath) -> bool {
    path.attribute.name == "manager"
        && is_value(path)
        && path.extension.as_deref() == Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")
}

fn join(conditions: Vec<Condition>, with: &str) -> String {
    let parts: Vec<String> = conditions.into_iter().map(|condition| format!("({})", condition.sql)).collect();
    parts.join(with)
}

/// The smallest text that is greater than every text with this prefix, by code points.
fn successor(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}
