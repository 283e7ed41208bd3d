//! Lists: `GET` on a resource type or on the base URL, and `POST` to `/.search`.

use directory::{CursorPosition, Include, List, Listing, PageRequest, Search};
use scim::{ListHead, ListQuery, ListWriter, Page, ResourceKind, ScimError, ScimType};

use crate::caller::Caller;
use crate::cursor::Binding;
use crate::error::Rejection;
use crate::reply::Reply;

/// Lists resources of one type, or of all types (RFC 7644 section 3.4.2).
pub(crate) async fn list(caller: &mut Caller<'_>, kind: Option<ResourceKind>) -> Result<Reply, Rejection> {
    let query = caller.list_query()?;
    find(caller, kind, &query).await
}

/// The same, the query in the body, where it stays out of logs (RFC 7644 section 3.4.3).
pub(crate) async fn search(caller: &mut Caller<'_>, kind: Option<ResourceKind>) -> Result<Reply, Rejection> {
    let query = caller.search_request().await?;
    find(caller, kind, &query).await
}

async fn find(caller: &mut Caller<'_>, kind: Option<ResourceKind>, query: &ListQuery) -> Result<Reply, Rejection> {
    let paging = Paging::of(caller, kind, query)?;
    let list = List {
        searches: searches(caller, kind, query)?,
        descending: query.descending,
        page: paging.request(caller)?,
        include: include(caller, kind, query),
        base: caller.base().to_owned(),
    };
    let listing = caller.directory().list(&list).await?;
    show(caller, &paging, query, listing)
}

fn searches(caller: &mut Caller<'_>, kind: Option<ResourceKind>, query: &ListQuery) -> Result<Vec<Search>, Rejection> {
    let tenant = std::sync::Arc::clone(caller.tenant());
    let schemas = tenant.schemas();
    let scopes = caller.authenticated().scopes();
    let dialect = &mut caller.dialect;
    let Some(kind) = kind else {
        // What is out of the token's scope, or off, is not there.
        let search = |kind| {
            let filter = query.parse_root_filter(schemas, kind, dialect)?;
            Ok(Search { kind, filter, sort: query.parse_root_sort(schemas, kind, dialect)? })
        };
        return schemas.kinds().filter(|kind| scopes.may_reach(*kind)).map(search).collect();
    };
    let of = schemas.of(kind);
    Ok(vec![Search { kind, filter: query.parse_filter(of, dialect)?, sort: query.parse_sort(of, dialect)? }])
}

fn include(caller: &Caller<'_>, kind: Option<ResourceKind>, query: &ListQuery) -> Include {
    match kind {
        Some(kind) => caller.include(kind, &query.view),
        None => Include {
            groups: caller.include(ResourceKind::User, &query.view).groups,
            members: caller.include(ResourceKind::Group, &query.view).members,
        },
    }
}

fn show(caller: &Caller<'_>, paging: &Paging<'_>, query: &ListQuery, listing: Listing) -> Result<Reply, Rejection> {
    let next = listing.next.map(|position| paging.seal(caller, position)).transpose()?;
    let head = ListHead {
        total: listing.total,
        start: paging.start(),
        items: listing.records.len(),
        next: next.as_deref(),
        previous: None,
    };
    let mut out = Vec::with_capacity(256 + listing.records.len() * 1024);
    let mut writer = ListWriter::begin(&head, &mut out);
    for record in &listing.records {
        caller.show_into(record, &query.view, writer.item())?;
    }
    writer.end();
    Ok(Reply::ok(out))
}

/// Which page is asked for, within the bounds of this server.
struct Paging<'q> {
    page: &'q Page,
    count: u32,
    binding: Binding,
}

impl<'q> Paging<'q> {
    /// A page by number is made smaller where it must be (RFC 7644 section 3.4.2.4), a page by cursor is refused
    /// (RFC 9865 section 2.1).
    fn of(caller: &Caller<'_>, kind: Option<ResourceKind>, query: &'q ListQuery) -> Result<Self, Rejection> {
        let limits = &caller.gateway().settings.limits;
        let count = query.page.count().unwrap_or(limits.page_size);
        let most = limits.page_size_max;
        if count > most && matches!(query.page, Page::Cursor { .. }) {
            let sentence = format!("count is {most} at most");
            return Err(ScimError::bad_request(ScimType::InvalidCount, sentence).into());
        }
        let of = kind.map_or("/", ResourceKind::endpoint);
        let binding = Binding::of(caller.authenticated(), &format!("{of}\n{}", query.query_digest_input()));
        Ok(Self { page: &query.page, count: count.min(most), binding })
    }

    fn request(&self, caller: &Caller<'_>) -> Result<PageRequest, Rejection> {
        let count = self.count;
        let after = match self.page {
            Page::Index { start, .. } => return Ok(PageRequest::Index { start: *start, count }),
            Page::Cursor { cursor, .. } if cursor.is_empty() => None,
            Page::Cursor { cursor, .. } => {
                let keys = caller.gateway().tenants.signing_keys();
                let now = caller.gateway().tenants.now();
                Some(caller.gateway().cursors.open(&keys, cursor, count, &self.binding, now)?)
            }
        };
        Ok(PageRequest::Cursor { after, count })
    }

    fn seal(&self, caller: &Caller<'_>, position: CursorPosition) -> Result<String, Rejection> {
        let (keys, now) = (caller.gateway().tenants.signing_keys(), caller.gateway().tenants.now());
        let sealed = caller.gateway().cursors.seal(&keys, position, self.count, &self.binding, now);
        sealed.map_err(Rejection::unavailable)
    }

    fn start(&self) -> Option<u64> {
        match self.page {
            Page::Index { start, .. } => Some(*start),
            Page::Cursor { .. } => None,
        }
    }
}
