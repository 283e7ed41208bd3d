//! Bringing users, groups and memberships into line, with the same requests as events.

use events::{Member, Moves};
use scim::ResourceKind;
use uuid::Uuid;

use super::super::{Ours, ScimStore, ours};
use crate::Failure;
use crate::drift::{Comparison, Difference, Here, Sort, What};

/// So many are read from the directory at once. Between reading and writing nothing about them is brought by anybody.
const CHUNK: usize = 100;

impl ScimStore {
    /// Brings into line what was found, unless nothing is to be changed.
    pub(super) async fn mend(&mut self, with: &mut Comparison) -> Result<(), Failure> {
        let found = with.take_found();
        let (members, others): (Vec<Difference>, Vec<Difference>) =
            found.into_iter().partition(|difference| difference.subject.kind == Sort::Membership);
        for chunk in others.chunks(CHUNK) {
            Box::pin(self.mend_chunk(chunk.to_vec(), with)).await?;
        }
        for of_one in members.chunk_by(|one, other| one.subject.id == other.subject.id) {
            for chunk in of_one.chunks(CHUNK * 10) {
                Box::pin(self.mend_members(chunk.to_vec(), with)).await?;
            }
        }
        Ok(())
    }

    async fn mend_chunk(&mut self, found: Vec<Difference>, with: &mut Comparison) -> Result<(), Failure> {
        let of = |kind: Sort| -> Vec<Uuid> {
            let of_kind = found.iter().filter(|one| one.subject.kind == kind && one.what != What::Extra);
            of_kind.filter_map(|one| one.subject.uuid()).collect()
        };
        let (users, groups) = (of(Sort::User), of(Sort::Group));
        let mut known = with.some(ResourceKind::User, &users).await?;
        known.extend(with.some(ResourceKind::Group, &groups).await?);
        for difference in with.without_those_under_way(found) {
            let Some(id) = difference.subject.uuid() else { continue };
            let mended = match (difference.what, known.get(&id)) {
                (What::Extra, _) => Box::pin(self.delete(id)).await,
                (_, Some(here)) => Box::pin(self.bring_here(here)).await,
                (_, None) => continue,
            };
            match mended {
                Ok(()) => with.repaired(1),
                Err(failure) => with.refused(&difference, failure)?,
            }
        }
        Ok(())
    }

    async fn bring_here(&mut self, here: &Here) -> Result<(), Failure> {
        self.write(Ours { kind: here.kind, id: here.id, resource: &here.resource, changed: &[] }).await.map(drop)
    }

    /// Moves members of one group.
    async fn mend_members(&mut self, found: Vec<Difference>, with: &mut Comparison) -> Result<(), Failure> {
        // Nothing is read for them but what was told since.
        with.some(ResourceKind::Group, &[]).await?;
        let found = with.without_those_under_way(found);
        let Some(first) = found.first() else { return Ok(()) };
        let Some(group) = first.subject.uuid() else { return Ok(()) };
        let Some(remote) = self.links.remote(group).await.map_err(ours)? else { return Ok(()) };
        let of = |is_wanted: fn(What) -> bool| {
            let wanted = found.iter().filter(|one| is_wanted(one.what)).filter_map(|one| one.subject.member_uuid());
            wanted.map(|id| Member { id, kind: None, display_name: None }).collect::<Vec<_>>()
        };
        let moves = Moves { added: of(|what| what != What::Extra), removed: of(|what| what == What::Extra) };
        match Box::pin(self.move_members(&remote, &moves)).await {
            Ok(true) => with.repaired(found.len()),
            Ok(false) => {}
            Err(failure) => with.refused(first, failure)?,
        }
        Ok(())
    }
}
