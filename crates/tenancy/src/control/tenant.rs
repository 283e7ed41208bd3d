//! Creating, changing, switching off and deleting tenants.

use std::sync::Arc;

use profile::{Applied, UntilMet};
use serde_json::{Map, Value};

use crate::address::parse_host;
use crate::replication::Change;
use crate::store::{self, TenantRow};
use crate::tenant::check_name;
use crate::tenants::Inner;
use crate::{Settings, TenancyError, Tenant, Tenants};

/// A tenant that is to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTenant {
    /// Its name: a-z, 0-9 and `-`, at most 63.
    pub name: String,
    /// Domain names of its own.
    pub hosts: Vec<String>,
    /// What is particular to it.
    pub settings: Settings,
}

/// What is to change about a tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TenantChange {
    /// Settings by name; `null` brings a default back.
    pub settings: Map<String, Value>,
    /// Domain names it gets.
    pub add_hosts: Vec<String>,
    /// Domain names it gives up.
    pub remove_hosts: Vec<String>,
    /// Only if the tenant has this version.
    pub if_version: Option<i64>,
}

impl Tenants {
    /// Adds a tenant. It has no token yet.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`], [`TenancyError::NameTaken`], [`TenancyError::HostTaken`], or the database's.
    pub async fn create(&self, new: NewTenant) -> Result<Arc<Tenant>, TenancyError> {
        check_name(&new.name)?;
        new.settings.check()?;
        let change = self.begin().await?;
        let profile = self.check_profile(&new.settings)?;
        if self.find(&new.name).is_ok() {
            return Err(TenancyError::NameTaken { name: new.name });
        }
        let hosts = self.inner.free_hosts(&new.name, &new.hosts)?;
        let now_ms = self.inner.time.now_ms();
        let row = TenantRow {
            name: new.name,
            // Who may not be switched on yet begins switched off.
            enabled: profile.missing(UntilMet::Off).is_none(),
            settings: new.settings,
            created_ms: now_ms,
            modified_ms: now_ms,
        };
        let id = store::insert_tenant(&*change, &row).await?;
        for host in &hosts {
            store::insert_host(&*change, id, host).await?;
        }
        self.inner.publish(change, id, now_ms).await?;
        self.find(&row.name)
    }

    /// Changes settings and hosts, all or none.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Changed`], [`TenancyError::Invalid`], [`TenancyError::HostTaken`], or the
    /// database's.
    pub async fn update(&self, name: &str, wanted: TenantChange) -> Result<Arc<Tenant>, TenancyError> {
        let change = self.begin().await?;
        let tenant = self.find(name)?;
        if wanted.if_version.is_some_and(|version| version != tenant.version()) {
            return Err(TenancyError::Changed { tenant: name.to_owned() });
        }
        let settings = tenant.settings.changed(&wanted.settings)?;
        settings.check()?;
        let profile = self.check_profile(&settings)?;
        check_prerequisites(&tenant, &profile)?;
        let added = self.inner.free_hosts(name, &wanted.add_hosts)?;
        let removed = own_hosts(&tenant, &wanted.remove_hosts)?;
        let now_ms = tenant.next_version(self.inner.time.now_ms());
        store::update_tenant(&*change, tenant.id, tenant.enabled, &settings, now_ms).await?;
        for host in &removed {
            store::delete_host(&*change, tenant.id, host).await?;
        }
        for host in added.iter().filter(|host| !tenant.hosts.contains(host)) {
            store::insert_host(&*change, tenant.id, host).await?;
        }
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.find(name)
    }

    /// Switches a tenant on or off. Its directory and its token stay.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], or the database's.
    pub async fn set_enabled(&self, name: &str, enabled: bool) -> Result<Arc<Tenant>, TenancyError> {
        let (change, tenant) = self.begin_with(name).await?;
        if enabled {
            check_met(&tenant, &tenant.profile)?;
        }
        let now_ms = tenant.next_version(self.inner.time.now_ms());
        store::update_tenant(&*change, tenant.id, enabled, &tenant.settings, now_ms).await?;
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.find(name)
    }

    /// Deletes a tenant with its hosts and tokens. Its directory and events belong to other crates: delete them between
    /// switching the tenant off and this.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], or the database's.
    pub async fn delete(&self, name: &str) -> Result<(), TenancyError> {
        let (change, tenant) = self.begin_with(name).await?;
        store::delete_tenant(&*change, tenant.id).await?;
        self.inner.publish(change, tenant.id, self.inner.time.now_ms()).await
    }

    /// The profile that settings name, if a tenant can go by it with them.
    fn check_profile(&self, settings: &Settings) -> Result<Arc<Applied>, TenancyError> {
        let profile = self.profiles().applied(settings)?;
        settings.schemas(&profile)?;
        settings.administrator.as_ref().map_or(Ok(()), |administrator| administrator.check_role(&profile))?;
        Ok(profile)
    }

    /// Begins a change of a tenant. One that is not there may have been deleted by a call whose answer was lost: that is
    /// said when no replica knows it any more.
    async fn begin_with(&self, name: &str) -> Result<(Change<'_>, Arc<Tenant>), TenancyError> {
        let change = self.begin().await?;
        match self.find(name) {
            Ok(tenant) => Ok((change, tenant)),
            Err(missing) => {
                self.inner.made_before(change).await?;
                Err(missing)
            }
        }
    }
}

impl Tenant {
    /// The moment of a change: later than that of the change before, whatever the clock says.
    fn next_version(&self, now_ms: i64) -> i64 {
        now_ms.max(self.modified_ms + 1)
    }
}

impl Inner {
    /// The hosts in their stored form, if the tenant of this name may have them.
    fn free_hosts(&self, name: &str, hosts: &[String]) -> Result<Vec<String>, TenancyError> {
        let mut free: Vec<String> = Vec::with_capacity(hosts.len());
        for host in hosts {
            let host = parse_host(host)?;
            self.check_free(name, &host)?;
            if !free.contains(&host) {
                free.push(host);
            }
        }
        Ok(free)
    }

    fn check_free(&self, name: &str, host: &str) -> Result<(), TenancyError> {
        let owner = self.known.snapshot().by_host(host).map(|entry| entry.tenant.name().to_owned());
        if let Some(tenant) = owner.filter(|owner| owner != name) {
            return Err(TenancyError::HostTaken { host: host.to_owned(), tenant });
        }
        // Otherwise a tenant could take what another one has, or will have, by its name.
        if self.addresses.base_domain.as_deref() == Some(host) || self.addresses.label(host).is_some() {
            return Err(TenancyError::Invalid(format!(
                "\"{host}\" is of the base domain, whose hosts belong to tenants by their names; leave it out"
            )));
        }
        Ok(())
    }
}

/// Refuses to switch a tenant on whose prerequisites are not met.
fn check_met(tenant: &Tenant, profile: &Applied) -> Result<(), TenancyError> {
    let Some(missing) = profile.missing(UntilMet::Off) else { return Ok(()) };
    let (name, prerequisite) = (tenant.name(), &missing.name);
    Err(TenancyError::Invalid(format!(
        "tenant \"{name}\" cannot be switched on before {} is marked as met: tenantry tenant set {name} \
         'prerequisites_met=[\"{prerequisite}\"]'",
        missing.title
    )))
}

/// Who is switched on stays so: what it needs must be met before it is taken away.
fn check_prerequisites(tenant: &Tenant, profile: &Applied) -> Result<(), TenancyError> {
    let is_new = |missing: &&profile::Prerequisite| tenant.profile.missing(UntilMet::Off) != Some(*missing);
    match profile.missing(UntilMet::Off).filter(|_| tenant.is_enabled()).filter(is_new) {
        Some(missing) => Err(TenancyError::Invalid(format!(
            "tenant \"{}\" is switched on, and {} would not be met; mark \"{}\" as met in the same change, or disable the tenant \
             first",
            tenant.name(),
            missing.title,
            missing.name
        ))),
        None => Ok(()),
    }
}

fn own_hosts(tenant: &Tenant, hosts: &[String]) -> Result<Vec<String>, TenancyError> {
    let own = |host: &String| {
        let host = parse_host(host)?;
        if tenant.hosts.contains(&host) {
            return Ok(host);
        }
        Err(TenancyError::Invalid(format!("tenant \"{}\" has no host \"{host}\"", tenant.name())))
    };
    hosts.iter().map(own).collect()
}
