//! What an operator changes about clients. As with tokens: first durable, then seen by requests, then told.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::store::{clients, delete_client, enable_client, end_secret, insert_client, insert_secret, secrets};
use super::{Federation, OauthClient, OauthClientId, OauthSecret, SecretId};
use crate::authenticate::sha256;
use crate::control::moment;
use crate::notice::{NoticeType, leave_about};
use crate::replication::Change;
use crate::{Network, Scopes, TenancyError, Tenant, Tenants};

/// Each assertion without a client id is compared with all of them.
const MOST_CLIENTS: usize = 100;
/// Each secret that is sent is compared with all of them.
const MOST_SECRETS: usize = 10;
const MOST_NETWORKS: usize = 64;
const LONGEST_NAME: usize = 100;
const LONGEST_TEXT: usize = 500;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A client that is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewOauthClient {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// From where it may ask for and use tokens; from everywhere, if there is none.
    pub networks: Vec<Network>,
    /// Whose assertions stand for a secret.
    pub federation: Option<Federation>,
}

/// A secret at the one moment at which it can be read.
#[derive(Clone, Debug)]
pub struct IssuedSecret {
    /// What the client sends.
    pub secret: SecretString,
    /// What is known of it.
    pub record: OauthSecret,
}

/// Clients.
impl Tenants {
    /// Adds a client. It has no secret yet.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Invalid`], [`TenancyError::OauthNameTaken`], or the database's.
    pub async fn create_oauth_client(&self, tenant: &str, new: &NewOauthClient) -> Result<OauthClient, TenancyError> {
        new.check()?;
        let change = self.begin().await?;
        let known = self.oauth_clients(tenant)?;
        if known.iter().any(|client| client.name == new.name) {
            return Err(TenancyError::OauthNameTaken { tenant: tenant.to_owned(), name: new.name.clone() });
        }
        if known.len() >= MOST_CLIENTS {
            return Err(invalid(format!("a tenant has at most {MOST_CLIENTS} OAuth clients; delete one")));
        }
        let NewOauthClient { name, scopes, networks, federation } = new.clone();
        let now_ms = self.inner.time.now_ms();
        let client = OauthClient {
            id: OauthClientId::random()?,
            name,
            scopes,
            networks,
            enabled: true,
            created_ms: now_ms,
            federation,
            secrets: Vec::new(),
            last_use: None,
            noted: Arc::default(),
        };
        let tenant = self.find(tenant)?;
        insert_client(&*change, tenant.id, &client).await?;
        self.publish_oauth(change, &tenant, NoticeType::OauthClientCreated, &client, facts(&client)).await?;
        Ok(client)
    }

    /// The clients of a tenant, by name, with their valid secrets.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`]
    pub fn oauth_clients(&self, tenant: &str) -> Result<Vec<OauthClient>, TenancyError> {
        let mut clients = self.entry(tenant)?.oauth_clients.clone();
        let now_ms = self.inner.time.now_ms();
        clients.iter_mut().for_each(|client| client.secrets.retain(|secret| secret.is_valid(now_ms)));
        Ok(clients)
    }

    /// The same with what is known about when they were last used, by whichever server.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], or the database's.
    pub async fn list_oauth_clients(&self, tenant: &str) -> Result<Vec<OauthClient>, TenancyError> {
        let entry = self.entry(tenant)?;
        let now_ms = self.inner.time.now_ms();
        let mut listed = self.oauth_clients(tenant)?;
        let reader = self.inner.database.reader();
        let _turn = self.inner.turns.list().await;
        let stored = clients(reader, entry.tenant.id).await?;
        for client in &mut listed {
            let stored = stored.iter().find(|stored| stored.id == client.id);
            client.last_use = stored.and_then(|stored| stored.last_use.clone());
            client.add_noted(&entry, now_ms);
        }
        Ok(listed)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::NoOauthClient`], or the database's.
    pub async fn show_oauth_client(&self, tenant: &str, id: OauthClientId) -> Result<OauthClient, TenancyError> {
        let found = self.list_oauth_clients(tenant).await?.into_iter().find(|client| client.id == id);
        let mut client = found.ok_or_else(|| TenancyError::NoOauthClient { tenant: tenant.to_owned(), id })?;
        let listed = self.list_oauth_secrets(tenant, id).await?;
        for secret in &mut client.secrets {
            let listed = listed.iter().find(|listed| listed.id == secret.id);
            secret.last_use = listed.and_then(|listed| listed.last_use.clone());
        }
        Ok(client)
    }

    /// One client of a tenant, with its valid secrets.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::NoOauthClient`]
    pub fn oauth_client(&self, tenant: &str, id: OauthClientId) -> Result<OauthClient, TenancyError> {
        let found = self.oauth_clients(tenant)?.into_iter().find(|client| client.id == id);
        found.ok_or_else(|| TenancyError::NoOauthClient { tenant: tenant.to_owned(), id })
    }

    /// Switches a client on or off. Once this returns, its access tokens are refused while it is off.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::NoOauthClient`], or the database's.
    pub async fn enable_oauth_client(
        &self,
        tenant: &str,
        id: OauthClientId,
        enabled: bool,
    ) -> Result<OauthClient, TenancyError> {
        let change = self.begin().await?;
        self.oauth_client(tenant, id)?;
        let of = self.find(tenant)?;
        enable_client(&*change, id, enabled).await?;
        self.inner.publish(change, of.id, self.inner.time.now_ms()).await?;
        self.oauth_client(tenant, id)
    }

    /// Deletes a client with its secrets. Once this returns, its access tokens are refused.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::NoOauthClient`], or the database's.
    pub async fn delete_oauth_client(&self, tenant: &str, id: OauthClientId) -> Result<(), TenancyError> {
        let change = self.begin().await?;
        let client = match self.oauth_client(tenant, id) {
            Ok(client) => client,
            // It may have been deleted by a call whose answer was lost: that is said when no replica lets it in any more.
            Err(missing) => {
                self.inner.made_before(change).await?;
                return Err(missing);
            }
        };
        let of = self.find(tenant)?;
        delete_client(&*change, id).await?;
        self.publish_oauth(change, &of, NoticeType::OauthClientDeleted, &client, facts(&client)).await
    }

    /// Commits a change together with the notice of it.
    async fn publish_oauth(
        &self,
        change: Change<'_>,
        tenant: &Tenant,
        notice: NoticeType,
        client: &OauthClient,
        data: Map<String, Value>,
    ) -> Result<(), TenancyError> {
        let told = (data, Some(&self.actor()));
        leave_about(&*change, tenant.id, notice, &format!("OauthClients/{}", client.id), told).await?;
        self.inner.publish(change, tenant.id, self.inner.time.now_ms()).await?;
        self.inner.told.notify_one();
        Ok(())
    }
}

/// Secrets.
impl Tenants {
    /// Issues a secret beside those that are valid.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::NoOauthClient`], [`TenancyError::Invalid`], or the database's.
    pub async fn issue_oauth_secret(
        &self,
        tenant: &str,
        id: OauthClientId,
        days: u32,
    ) -> Result<IssuedSecret, TenancyError> {
        let change = self.begin().await?;
        let client = self.oauth_client(tenant, id)?;
        let of = self.find(tenant)?;
        let most = of.settings.token_max_days;
        if !(1..=most).contains(&days) {
            return Err(invalid(format!(
                "a secret is valid for 1 to {most} days (setting token_max_days), not for {days}"
            )));
        }
        if client.secrets.len() >= MOST_SECRETS {
            return Err(invalid(format!("a client has at most {MOST_SECRETS} valid secrets; revoke one")));
        }
        let created_ms = self.inner.time.now_ms();
        let secret = random_secret()?;
        let record = OauthSecret {
            id: SecretId::random()?,
            created_ms,
            expires_ms: created_ms + i64::from(days) * DAY_MS,
            ended_ms: None,
            last_use: None,
            noted: Arc::default(),
            warned_days: None,
            digest: sha256(&secret),
        };
        insert_secret(&*change, id, &record).await?;
        let data = secret_facts(&client, &record);
        self.publish_oauth(change, &of, NoticeType::OauthSecretIssued, &client, data).await?;
        Ok(IssuedSecret { secret: secret.into(), record })
    }

    /// The secrets that a client has and had, the newest first.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::NoOauthClient`], or the database's.
    pub async fn list_oauth_secrets(&self, tenant: &str, id: OauthClientId) -> Result<Vec<OauthSecret>, TenancyError> {
        let entry = self.entry(tenant)?;
        self.oauth_client(tenant, id)?;
        let now_ms = self.inner.time.now_ms();
        let _turn = self.inner.turns.list().await;
        let mut known = secrets(self.inner.database.reader(), id).await?;
        known.iter_mut().for_each(|secret| secret.add_noted(&entry, now_ms));
        Ok(known)
    }

    /// Ends a secret. Once this returns, it and the access tokens that were got with it are refused. Again, it answers the
    /// same.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::NoOauthClient`], [`TenancyError::NoOauthSecret`], or the database's.
    pub async fn revoke_oauth_secret(
        &self,
        tenant: &str,
        id: OauthClientId,
        secret: SecretId,
    ) -> Result<(), TenancyError> {
        let change = self.begin().await?;
        let client = self.oauth_client(tenant, id)?;
        let of = self.find(tenant)?;
        let known = secrets(&*change, id).await?.into_iter().find(|known| known.id == secret);
        let known = known.ok_or(TenancyError::NoOauthSecret { client: id, id: secret })?;
        if known.ended_ms.is_some() {
            return self.inner.made_before(change).await;
        }
        end_secret(&*change, secret, self.inner.time.now_ms()).await?;
        let data = secret_facts(&client, &known);
        self.publish_oauth(change, &of, NoticeType::OauthSecretRevoked, &client, data).await
    }
}

impl NewOauthClient {
    /// Refuses what no tenant may have.
    fn check(&self) -> Result<(), TenancyError> {
        let is_plain = |text: &str, most: usize| {
            !text.trim().is_empty() && text.len() <= most && !text.chars().any(char::is_control)
        };
        if !is_plain(&self.name, LONGEST_NAME) {
            return Err(invalid(format!(
                "the name of an OAuth client has 1 to {LONGEST_NAME} bytes and no control characters"
            )));
        }
        if self.networks.len() > MOST_NETWORKS {
            return Err(invalid(format!("an OAuth client has at most {MOST_NETWORKS} networks; use larger ones")));
        }
        let Some(Federation { issuer, audience, subject, jwks_uri }) = &self.federation else { return Ok(()) };
        let texts = [("issuer", issuer), ("audience", audience), ("subject", subject), ("jwks-uri", jwks_uri)];
        if let Some((name, _)) = texts.iter().find(|(_, text)| !is_plain(text, LONGEST_TEXT)) {
            return Err(invalid(format!("{name} has 1 to {LONGEST_TEXT} bytes and no control characters")));
        }
        if !["https://", "http://"].iter().any(|scheme| jwks_uri.starts_with(scheme)) {
            return Err(invalid(format!("\"{jwks_uri}\" is not a web address such as https://issuer.example/keys")));
        }
        Ok(())
    }
}

/// What the events of a client say.
fn facts(client: &OauthClient) -> Map<String, Value> {
    let networks: Vec<String> = client.networks.iter().map(Network::to_string).collect();
    let scopes: Vec<&str> = client.scopes.words().collect();
    let said = [
        ("oauthClient", json!(client.id)),
        ("name", json!(client.name)),
        ("scopes", json!(scopes)),
        ("networks", json!(networks)),
    ];
    let issuer = client.federation.as_ref().map(|federation| ("issuer", json!(federation.issuer)));
    said.into_iter().chain(issuer).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What the events of a secret say, which is not the secret.
pub(crate) fn secret_facts(client: &OauthClient, secret: &OauthSecret) -> Map<String, Value> {
    let said = [
        ("oauthClient", client.id.to_string()),
        ("name", client.name.clone()),
        ("secret", secret.id.to_string()),
        ("expires", moment(secret.expires_ms)),
    ];
    said.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}

/// 256 random bits. Nobody can try out so many, so their SHA-256 may be stored.
pub(crate) fn random_secret() -> Result<String, TenancyError> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| TenancyError::Randomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn invalid(sentence: String) -> TenancyError {
    TenancyError::Invalid(sentence)
}
