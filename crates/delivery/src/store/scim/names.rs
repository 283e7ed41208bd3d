//! Names that are taken there by somebody of ours.
//!
//! Names are unique here, so in a snapshot whoever of ours has the name of another there has an old one: it finds users who were
//! renamed or deleted since the service heard of them. Their own turn is still to come.

use scim::{ResourceKind, fold};
use serde_json::Value;
use uuid::Uuid;

use super::body::{Wanted, quoted, replace};
use super::call::Call;
use super::{Body, ScimStore, ours};
use crate::Failure;

/// How many are looked at that a search finds.
const FOUND: &str = "10";

impl ScimStore {
    /// Takes the name of this user from another one of ours, if everybody is brought: in a snapshot, or when it is brought into line.
    /// Otherwise it is not known whether that one's turn is still to come: its event may be parked, or was discarded. True if one had it, and has it no more.
    pub(super) async fn free_name(&mut self, wanted: &Wanted<'_>) -> Result<bool, Failure> {
        let Some(name) = wanted.resource.user_name().filter(|_| wanted.kind == ResourceKind::User) else {
            return Ok(false);
        };
        let is_whole = self.snapshot.is_some() || self.is_compared;
        if !is_whole || !self.abilities().await?.filter {
            return Ok(false);
        }
        let filter = format!("userName eq {}", quoted(name));
        let query = [("filter", filter.as_str()), ("count", FOUND)];
        let reply = self.service.send(&Call::get(&["Users"]).query(&query)).await?;
        if !reply.is_success() {
            return Ok(false);
        }
        for found in reply.resources()? {
            let text = |attribute: &str| found.get(attribute).and_then(Value::as_str);
            let (Some(remote), Some(theirs)) = (text("id"), text("userName")) else { continue };
            let owner = self.links.owner(ResourceKind::User, remote).await.map_err(ours)?;
            if fold(theirs) == fold(name) && owner.is_some_and(|owner| owner != wanted.id) {
                return self.rename(remote, &aside(theirs)).await;
            }
        }
        Ok(false)
    }

    /// False if the service does not want that.
    async fn rename(&mut self, remote: &str, name: &str) -> Result<bool, Failure> {
        tracing::info!("a name is taken at a service by another user, who gets one for the time being");
        if self.abilities().await?.patch {
            let reply = self.patch(ResourceKind::User, remote, &[replace("userName", name)]).await?;
            if !reply.is_beyond_it() {
                return Ok(reply.is_success() || reply.is_gone());
            }
        }
        let renamed = |current: &mut Body| {
            current.insert("userName".to_owned(), name.into());
        };
        self.rewrite(ResourceKind::User, remote, renamed).await.map(|_| true)
    }
}

/// A name for the time being: nobody has it, and of an address of mail it has the form.
fn aside(name: &str) -> String {
    let (before, after) =
        name.rsplit_once('@').map_or((name, String::new()), |(before, host)| (before, format!("@{host}")));
    format!("{before}.renamed-{}{after}", Uuid::now_v7().simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_the_time_being_keeps_its_host_and_is_nobody_elses() {
        let name = aside("ada@example.com");
        assert!(name.starts_with("ada.renamed-") && name.ends_with("@example.com"), "{name}");
        assert!(aside("ada").starts_with("ada.renamed-"));
        assert_ne!(aside("ada"), aside("ada"));
    }
}
