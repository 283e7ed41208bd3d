//! What requests read: every tenant with its addresses and its valid tokens, and the limits of network addresses; replaced as
//! a whole by each change.

use std::sync::Arc;

use foldhash::HashMap;

use crate::credential::Credential;
use crate::credential_row::CredentialRow;
use crate::last_use::{LastUse, Use};
use crate::{
    Address, AddressSettings, OauthClient, OauthClientId, Profiles, SetAddressLimits, Tenant, TenantId, TokenId,
    TokenState,
};

/// How many uses of credentials that have ended wait to be written, for one tenant.
const PAST_USES: usize = 64;

/// One tenant and the state of its tokens.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) tenant: Arc<Tenant>,
    /// The tokens that no command has ended, or whose overlap ends by itself: two of them are valid at most, the others
    /// have ended by time.
    pub(crate) credentials: Vec<Credential>,
    /// The tokens that ended before their time was over, so that their holder can be told why.
    pub(crate) ended: Vec<(TokenId, TokenState)>,
    /// The clients that get access tokens, with the secrets that nobody has revoked.
    pub(crate) oauth_clients: Vec<OauthClient>,
    /// Uses that were not in the database yet when their credential ended.
    pub(crate) past_uses: Vec<(CredentialRow, Arc<LastUse>)>,
}

impl Entry {
    fn forgetting(&self) -> Self {
        Self {
            tenant: Arc::clone(&self.tenant),
            credentials: self.credentials.iter().map(Credential::forgetting).collect(),
            ended: self.ended.clone(),
            oauth_clients: self.oauth_clients.clone(),
            past_uses: self.past_uses.clone(),
        }
    }

    /// Goes on noting the uses of credentials that the entry before this knew, and keeps what is unwritten of others.
    fn inherit(&mut self, before: &Self) {
        let mut known: HashMap<_, _> = before.uses().collect();
        for (row, last_use) in self.uses_mut() {
            if let Some(known) = known.remove(&row) {
                *last_use = Arc::clone(known);
            }
        }
        let unwritten = known.into_iter().filter(|(_, last_use)| last_use.unwritten().is_some());
        self.past_uses = unwritten.take(PAST_USES).map(|(row, last_use)| (row, Arc::clone(last_use))).collect();
    }

    /// Where the last use of each credential is noted.
    pub(crate) fn uses(&self) -> impl Iterator<Item = (CredentialRow, &Arc<LastUse>)> {
        let tokens = self.credentials.iter().map(|known| (CredentialRow::Token(known.id), &known.last_use));
        let clients = self.oauth_clients.iter().flat_map(|client| {
            let secrets = client.secrets.iter().map(|secret| (CredentialRow::Secret(secret.id), &secret.noted));
            std::iter::once((CredentialRow::Client(client.id), &client.noted)).chain(secrets)
        });
        tokens.chain(clients).chain(self.past_uses.iter().map(|(row, last_use)| (*row, last_use)))
    }

    fn uses_mut(&mut self) -> impl Iterator<Item = (CredentialRow, &mut Arc<LastUse>)> {
        let tokens = self.credentials.iter_mut().map(|known| (CredentialRow::Token(known.id), &mut known.last_use));
        let clients = self.oauth_clients.iter_mut().flat_map(|client| {
            let secrets = client.secrets.iter_mut().map(|secret| (CredentialRow::Secret(secret.id), &mut secret.noted));
            std::iter::once((CredentialRow::Client(client.id), &mut client.noted)).chain(secrets)
        });
        tokens.chain(clients)
    }

    /// The last use of a credential that this process noted.
    pub(crate) fn noted(&self, row: CredentialRow) -> Option<Use> {
        self.uses().find(|(known, _)| *known == row)?.1.noted()
    }
}

/// Whom an address belongs to, with the state of its tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Addressed<'a> {
    One(&'a Arc<Entry>),
    Shared,
    Unknown,
}

/// Every tenant, found in every way, and what was set for all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    by_id: HashMap<TenantId, Arc<Entry>>,
    by_name: HashMap<Arc<str>, Arc<Entry>>,
    by_host: HashMap<String, Arc<Entry>>,
    by_client: HashMap<OauthClientId, Arc<Entry>>,
    address_limits: SetAddressLimits,
    profiles: Arc<Profiles>,
}

impl Snapshot {
    /// Host and path must agree where both name a tenant.
    pub(crate) fn find(&self, address: &Address<'_>, settings: &AddressSettings) -> Addressed<'_> {
        let by_host = self.find_host(address.host, settings);
        let Some(name) = address.path_tenant else { return by_host };
        match (by_host, self.by_name.get(name)) {
            (Addressed::Shared, Some(entry)) => Addressed::One(entry),
            (Addressed::One(host), Some(path)) if Arc::ptr_eq(host, path) => Addressed::One(path),
            _ => Addressed::Unknown,
        }
    }

    fn find_host(&self, host: &str, settings: &AddressSettings) -> Addressed<'_> {
        if let Some(entry) = self.by_host.get(host) {
            return Addressed::One(entry);
        }
        match settings.label(host) {
            Some(label) => self.by_name.get(label).map_or(Addressed::Unknown, Addressed::One),
            None => Addressed::Shared,
        }
    }

    pub(crate) fn by_id(&self, id: TenantId) -> Option<&Arc<Entry>> {
        self.by_id.get(&id)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<Entry>> {
        self.by_name.get(name)
    }

    pub(crate) fn by_host(&self, host: &str) -> Option<&Arc<Entry>> {
        self.by_host.get(host)
    }

    pub(crate) fn by_client(&self, id: OauthClientId) -> Option<&Arc<Entry>> {
        self.by_client.get(&id)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.by_id.values()
    }

    pub(crate) fn address_limits(&self) -> SetAddressLimits {
        self.address_limits
    }

    pub(crate) fn profiles(&self) -> &Arc<Profiles> {
        &self.profiles
    }

    /// The same with these limits of network addresses.
    pub(crate) fn limiting(&self, address_limits: SetAddressLimits) -> Self {
        Self { address_limits, ..self.clone() }
    }

    /// The same with one tenant as it is now.
    fn with(&self, mut entry: Entry) -> Self {
        if let Some(before) = self.by_id.get(&entry.tenant.id) {
            entry.inherit(before);
        }
        let mut next = self.without(entry.tenant.id);
        next.insert(Arc::new(entry));
        next
    }

    /// The same with what has become of one tenant.
    pub(crate) fn updated(&self, id: TenantId, entry: Option<Entry>) -> Self {
        match entry {
            Some(entry) => self.with(entry),
            None => self.without(id),
        }
    }

    /// The same with one tenant fewer.
    fn without(&self, id: TenantId) -> Self {
        let mut next = self.clone();
        if let Some(entry) = next.by_id.remove(&id) {
            next.by_name.remove(entry.tenant.name());
            next.by_host.retain(|_, other| other.tenant.id != id);
            next.by_client.retain(|_, other| other.tenant.id != id);
        }
        next
    }

    /// Everything as it is now, counting on what was counted.
    pub(crate) fn replaced(
        &self,
        mut entries: Vec<Entry>,
        address_limits: SetAddressLimits,
        profiles: Arc<Profiles>,
    ) -> Self {
        for entry in &mut entries {
            if let Some(before) = self.by_id.get(&entry.tenant.id) {
                entry.inherit(before);
            }
        }
        Self { address_limits, profiles, ..entries.into_iter().collect() }
    }

    /// The same, without what is remembered of signatures that were verified.
    pub(crate) fn forgetting(&self) -> Self {
        let entries = self.entries().map(|entry| entry.forgetting()).collect();
        Self { address_limits: self.address_limits, profiles: Arc::clone(&self.profiles), ..entries }
    }

    fn insert(&mut self, entry: Arc<Entry>) {
        for host in entry.tenant.hosts() {
            self.by_host.insert(host.clone(), Arc::clone(&entry));
        }
        for client in &entry.oauth_clients {
            self.by_client.insert(client.id, Arc::clone(&entry));
        }
        self.by_name.insert(Arc::clone(&entry.tenant.name), Arc::clone(&entry));
        self.by_id.insert(entry.tenant.id, entry);
    }
}

impl FromIterator<Entry> for Snapshot {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut snapshot = Self::default();
        for entry in entries {
            snapshot.insert(Arc::new(entry));
        }
        snapshot
    }
}
