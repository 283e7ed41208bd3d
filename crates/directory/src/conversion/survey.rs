//! What a conversion would do, and what is in its way: nothing is changed.

use std::collections::HashMap;

use scim::ResourceKind;
use uuid::Uuid;

use super::name::{Named, UserNames};
use crate::fingerprint::Fingerprints;
use crate::{Directory, DirectoryError};

/// Users that are read at once.
const PAGE: u32 = 500;
/// The most conflicts that are named; all are counted.
const SHOWN: usize = 1_000;

/// What a conversion would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversionPlan {
    /// How many users there are.
    pub total: i64,
    /// How many would get another name.
    pub to_convert: i64,
    /// How many have it already.
    pub unchanged: i64,
    /// How many cannot have it.
    pub conflicts: i64,
    /// The first of these.
    pub shown: Vec<ConversionConflict>,
}

/// A user that cannot have its new name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionConflict {
    /// The user's id.
    pub id: String,
    /// What it is called.
    pub user_name: String,
    /// What it would be called; nothing without an e-mail address.
    pub new_name: Option<String>,
    /// Another user that is, or would be, called so.
    pub other_id: Option<String>,
}

/// What is kept of each user: of names only what tells them apart without regard to letter case.
struct Seen {
    id: Uuid,
    now: u128,
    wanted: Option<u128>,
    /// Whether it is called so, in the same letter case.
    has_it: bool,
}

impl Directory {
    /// What it would do to call every user so.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn plan_conversion(&self, to: UserNames) -> Result<ConversionPlan, DirectoryError> {
        let seen = self.look_at_all(to).await?;
        let mut plan = ConversionPlan::default();
        // Who has a name after the conversion: everybody who keeps it, and who gets it.
        let mut holders: HashMap<u128, (u32, Uuid)> = HashMap::new();
        for user in &seen {
            let holder = holders.entry(user.wanted.unwrap_or(user.now)).or_insert((0, user.id));
            holder.0 += 1;
        }
        let mut in_the_way = Vec::new();
        for user in &seen {
            plan.total += 1;
            let others = user.wanted.and_then(|name| holders.get(&name)).filter(|(count, _)| *count > 1);
            match user.wanted {
                Some(_) if user.has_it => plan.unchanged += 1,
                Some(_) if others.is_none() => plan.to_convert += 1,
                _ => {
                    plan.conflicts += 1;
                    if in_the_way.len() < SHOWN {
                        in_the_way.push((user.id, others.map(|(_, first)| *first)));
                    }
                }
            }
        }
        plan.shown = self.name_all(to, &in_the_way, &seen).await?;
        Ok(plan)
    }

    async fn look_at_all(&self, to: UserNames) -> Result<Vec<Seen>, DirectoryError> {
        let (mut seen, mut after) = (Vec::new(), Uuid::nil());
        let fingerprints = Fingerprints::default();
        loop {
            let page = self.after(ResourceKind::User, after, PAGE).await?;
            for record in &page {
                let user: Named = serde_json::from_str(&record.document)?;
                let id = Uuid::try_parse(&record.id).unwrap_or_default();
                let wanted = to.of(&user);
                let has_it = wanted.as_ref() == Some(&user.user_name);
                let wanted = wanted.map(|name| fingerprints.of(&name));
                seen.push(Seen { id, now: fingerprints.of(&user.user_name), wanted, has_it });
                after = after.max(id);
            }
            if page.len() < PAGE as usize {
                return Ok(seen);
            }
        }
    }

    async fn name_all(
        &self,
        to: UserNames,
        conflicts: &[(Uuid, Option<Uuid>)],
        seen: &[Seen],
    ) -> Result<Vec<ConversionConflict>, DirectoryError> {
        let ids: Vec<Uuid> = conflicts.iter().map(|(id, _)| *id).collect();
        let records = self.some(ResourceKind::User, &ids).await?;
        let records: HashMap<&str, _> = records.iter().map(|record| (record.id.as_str(), record)).collect();
        let mut named = Vec::new();
        for (id, first) in conflicts {
            let id = id.to_string();
            let Some(record) = records.get(id.as_str()) else { continue };
            let user: Named = serde_json::from_str(&record.document)?;
            let other = first.and_then(|first| other_than(&id, first, seen));
            let new_name = to.of(&user);
            named.push(ConversionConflict { id, user_name: user.user_name, new_name, other_id: other });
        }
        Ok(named)
    }
}

/// One of those with the same name that is not this one.
fn other_than(id: &str, first: Uuid, seen: &[Seen]) -> Option<String> {
    if first.to_string() != id {
        return Some(first.to_string());
    }
    let name = seen.iter().find(|user| user.id == first)?.wanted?;
    let other = seen.iter().find(|user| user.id != first && user.wanted.unwrap_or(user.now) == name)?;
    Some(other.id.to_string())
}
