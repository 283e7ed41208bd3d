//! Users and groups: list and show. Only clients change them.

use directory::{Directory, Include, List, Listing, Members, PageRequest, Record, Search};
use scim::{Dialect, Filter, Projection};
use serde_json::{Value, json};
use tenancy::Tenant;

use super::Operator;
use crate::{Answer, Code, Failure, Kind};

/// The longest page.
const MOST: u32 = 1000;

impl Operator {
    pub(super) async fn list_resources(
        &self,
        tenant: &str,
        kind: Kind,
        filter: Option<&str>,
        start: u64,
        count: u32,
    ) -> Result<Answer, Failure> {
        let administered = self.tenants.administer(tenant)?;
        let directory = self.directories.administered(&administered);
        let tenant = administered.tenant();
        let page = PageRequest::Index { start: start.max(1), count: count.min(MOST) };
        let listing = self.find(&directory, tenant, kind, filter, page).await?;
        let resources: Result<Vec<Value>, Failure> =
            listing.records.iter().map(|record| self.render(tenant, record)).collect();
        Ok(json!({ "tenant": tenant.name(), "total": listing.total, "start": start.max(1), kind.plural(): resources? }))
    }

    pub(super) async fn show_resource(&self, tenant: &str, kind: Kind, name: &str) -> Result<Answer, Failure> {
        let administered = self.tenants.administer(tenant)?;
        let directory = self.directories.administered(&administered);
        let tenant = administered.tenant();
        let include = Include { groups: true, members: Members::All };
        let record = match directory.get(kind.into(), name, include).await {
            Ok(record) => record,
            Err(unknown) => {
                let id = self.id_of_name(&directory, tenant, kind, name, unknown.into()).await?;
                directory.get(kind.into(), &id, include).await?
            }
        };
        self.render(tenant, &record)
    }

    /// A resource as its client sees it.
    fn render(&self, tenant: &Tenant, record: &Record) -> Result<Value, Failure> {
        let of = tenant.schemas().of(record.kind);
        let mut text = Vec::new();
        scim::render(&record.stored(), &self.origin.base_url(tenant), of, &Projection::default(), &mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// The id of the one resource people know by this name.
    pub(super) async fn id_of_name(
        &self,
        directory: &Directory,
        tenant: &Tenant,
        kind: Kind,
        name: &str,
        unknown: Failure,
    ) -> Result<String, Failure> {
        if unknown.code != Code::NotFound {
            return Err(unknown);
        }
        let filter = format!("{} eq {}", kind.name_attribute(), Value::from(name));
        let two = PageRequest::Index { start: 1, count: 2 };
        match self.find(directory, tenant, kind, Some(&filter), two).await?.records.as_slice() {
            [one] => Ok(one.id.clone()),
            [] => Err(Failure::new(
                Code::NotFound,
                format!("tenant \"{}\" has no {} \"{name}\"", tenant.name(), kind.singular()),
            )),
            _ => Err(Failure::new(
                Code::Conflict,
                format!("several {} are named \"{name}\"; name the one by its id", kind.plural()),
            )),
        }
    }

    async fn find(
        &self,
        directory: &Directory,
        tenant: &Tenant,
        kind: Kind,
        filter: Option<&str>,
        page: PageRequest,
    ) -> Result<Listing, Failure> {
        let of = tenant.schemas().of(kind.into());
        let filter = filter.map(|text| Filter::parse(text, of, &mut Dialect::lenient())).transpose()?;
        let list = List {
            searches: vec![Search { kind: kind.into(), filter, sort: None }],
            descending: false,
            page,
            include: Include { groups: false, members: Members::None },
            base: self.origin.base_url(tenant),
        };
        Ok(directory.list(&list).await?)
    }
}
