//! Telling that a token or a secret ends soon.

use serde_json::{Map, Value};

use super::tell::{facts, moment};
use crate::credential::Credential;
use crate::credential_row::CredentialRow;
use crate::expiry::{self, claim_warning};
use crate::notice::{NoticeType, leave_about};
use crate::oauth::{secret_facts, store::secrets};
use crate::replication::Change;
use crate::snapshot::Entry;
use crate::store::statement;
use crate::token_store::{Sought, tokens};
use crate::{OauthClient, OauthClientId, OauthSecret, SecretId, TenancyError, Tenant, Tenants, TokenId};

/// How many warnings may fail before the others wait for the next time. One that cannot be given holds up no other.
const FAILURES: usize = 3;

/// A valid credential and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialEnd {
    /// The tenant's name.
    pub tenant: String,
    /// What ends.
    pub of: EndOf,
    /// When it stops being accepted, in milliseconds since 1970.
    pub expires_ms: i64,
    /// The days that are left.
    pub days_left: i64,
}

/// What ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndOf {
    /// A provisioning token.
    Token(TokenId),
    /// A secret of an OAuth client.
    Secret {
        /// The secret.
        id: SecretId,
        /// The client.
        client: OauthClientId,
        /// What people call the client.
        name: String,
    },
}

impl CredentialEnd {
    /// When it stops being accepted, in RFC 3339.
    #[must_use]
    pub fn moment(&self) -> String {
        moment(self.expires_ms)
    }
}

/// A warning as its event says it.
struct Warning {
    notice: NoticeType,
    subject: String,
    data: Map<String, Value>,
    expires_ms: i64,
}

impl Tenants {
    /// Every valid token and secret that ends within so many days and is not being replaced, the first to end first.
    #[must_use]
    pub fn ending_within(&self, days: i64) -> Vec<CredentialEnd> {
        let now_ms = self.inner.time.now_ms();
        let snapshot = self.inner.known.snapshot();
        let ends = snapshot.entries().flat_map(|entry| entry.ends(now_ms));
        let mut ending: Vec<_> = ends.map(|(end, _)| end).filter(|end| end.days_left <= days).collect();
        ending.sort_by_key(|end| end.expires_ms);
        ending
    }

    /// Leaves a notice for every token and secret whose end is near, each warning once, and tells each as soon as it is
    /// left, whatever becomes of the others.
    ///
    /// # Errors
    /// The database's; the warnings that are not given are given the next time.
    pub async fn warn_of_ends(&self, mut tell: impl FnMut(CredentialEnd)) -> Result<(), TenancyError> {
        let mut failures = Vec::new();
        for (end, days) in self.due() {
            match self.warn(&end, days).await {
                Ok(is_ours) => is_ours.then_some(end).into_iter().for_each(&mut tell),
                Err(error) => failures.push(error),
            }
            if failures.len() >= FAILURES {
                break;
            }
        }
        failures.pop().map_or(Ok(()), Err)
    }

    fn due(&self) -> Vec<(CredentialEnd, i64)> {
        let now_ms = self.inner.time.now_ms();
        let snapshot = self.inner.known.snapshot();
        let ends = snapshot.entries().flat_map(|entry| entry.ends(now_ms));
        ends.filter_map(|(end, due)| Some((end, due?))).collect()
    }

    /// Whether this process gives the warning, and not another one or nobody any more.
    async fn warn(&self, end: &CredentialEnd, days: i64) -> Result<bool, TenancyError> {
        let change = self.inner.begin().await?;
        // The tenant may have gone meanwhile, or the credential.
        let Ok(tenant) = self.find(&end.tenant) else { return Ok(false) };
        let now_ms = self.inner.time.now_ms();
        let Some(warning) = self.warning(&change, &tenant, &end.of, now_ms).await? else { return Ok(false) };
        if !claim_warning(&*change, end.of.row(), days).await? {
            // Nothing was changed, so there is nothing to agree on.
            return Ok(false);
        }
        let Warning { notice, subject, mut data, expires_ms } = warning;
        data.insert("daysLeft".to_owned(), expiry::days_left(expires_ms, now_ms).into());
        leave_about(&*change, tenant.id, notice, &subject, (data, None)).await?;
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.inner.told.notify_one();
        Ok(true)
    }

    /// What is said of a credential, as long as it is valid.
    async fn warning(
        &self,
        change: &Change<'_>,
        tenant: &Tenant,
        of: &EndOf,
        now_ms: i64,
    ) -> Result<Option<Warning>, TenancyError> {
        Ok(match of {
            EndOf::Token(id) => {
                let sought = Sought { id: Some(*id), ..Sought::default() };
                let rows = tokens(&**change, tenant.id, sought, now_ms).await?;
                let token = rows.iter().find(|token| token.id == *id && token.state.is_valid());
                token.map(|token| Warning {
                    notice: NoticeType::Expiring,
                    subject: format!("Tokens/{id}"),
                    data: facts(token),
                    expires_ms: token.expires_ms,
                })
            }
            EndOf::Secret { id, client, .. } => {
                let Ok(client) = self.oauth_client(tenant.name(), *client) else { return Ok(None) };
                let rows = secrets(&**change, client.id).await?;
                let secret = rows.iter().find(|secret| secret.id == *id && secret.is_valid(now_ms));
                secret.map(|secret| Warning {
                    notice: NoticeType::OauthSecretExpiring,
                    subject: format!("OauthClients/{}", client.id),
                    data: secret_facts(&client, secret),
                    expires_ms: secret.expires_ms,
                })
            }
        })
    }

    /// The names of tenants with notices that are not in their log yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn with_notices(&self) -> Result<Vec<String>, TenancyError> {
        let reader = self.inner.database.reader();
        let sql = "SELECT DISTINCT t.name FROM notices n JOIN tenants t ON t.id = n.tenant_id ORDER BY t.name";
        let rows = self.inner.database.query(statement(reader, sql, [])).await?;
        rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
    }

    /// Done when a notice was left in this process.
    pub async fn noticed(&self) {
        self.inner.told.notified().await;
    }

    /// Says that a notice was left.
    pub fn wake_tellers(&self) {
        self.inner.told.notify_one();
    }
}

impl EndOf {
    fn row(&self) -> CredentialRow {
        match self {
            Self::Token(id) => CredentialRow::Token(*id),
            Self::Secret { id, .. } => CredentialRow::Secret(*id),
        }
    }
}

impl Entry {
    /// The ends of everything that is valid and in use, each with the warning that is due. An overlap is no reason to warn of
    /// the end of a token, and what is switched off ends for nobody.
    fn ends(&self, now_ms: i64) -> impl Iterator<Item = (CredentialEnd, Option<i64>)> {
        let tokens = self.credentials.iter().filter(|known| known.ends_ms.is_none()).map(Credential::end);
        let clients = self.oauth_clients.iter().filter(|client| client.enabled);
        let secrets = clients.flat_map(|client| client.secrets.iter().map(|secret| secret.end(client)));
        let in_use = tokens.chain(secrets).filter(|_| self.tenant.enabled);
        in_use.filter(move |(_, life, _)| life.expires_ms > now_ms).map(move |(of, life, warned)| {
            let Life { issued_ms, expires_ms } = life;
            let days_left = expiry::days_left(expires_ms, now_ms);
            let end = CredentialEnd { tenant: self.tenant.name().to_owned(), of, expires_ms, days_left };
            (end, expiry::due(issued_ms, expires_ms, warned, now_ms))
        })
    }
}

/// From when to when something is valid.
struct Life {
    issued_ms: i64,
    expires_ms: i64,
}

impl Credential {
    fn end(&self) -> (EndOf, Life, Option<i64>) {
        let life = Life { issued_ms: self.issued_ms, expires_ms: self.grant.expires_ms };
        (EndOf::Token(self.id), life, self.warned_days)
    }
}

impl OauthSecret {
    fn end(&self, client: &OauthClient) -> (EndOf, Life, Option<i64>) {
        let life = Life { issued_ms: self.created_ms, expires_ms: self.expires_ms };
        (EndOf::Secret { id: self.id, client: client.id, name: client.name.clone() }, life, self.warned_days)
    }
}
