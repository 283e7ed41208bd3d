//! OAuth clients and their secrets.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tenancy::{Federation, NewOauthClient, OauthClient, OauthClientId, Scopes, SecretId};

use super::Operator;
use crate::{Answer, Code, CreateOauthClient, Failure, FederatedWith, OauthCommand, view};

/// For how many days a secret is valid when the command does not say.
const USUAL_DAYS: u32 = 180;

impl Operator {
    pub(super) async fn oauth(&self, command: OauthCommand) -> Result<Answer, Failure> {
        match command {
            OauthCommand::CreateClient(asked) => self.create_oauth_client(asked).await,
            OauthCommand::ListClients { tenant } => {
                let clients = self.tenants.list_oauth_clients(&tenant).await?;
                let clients: Vec<Value> = clients.iter().map(view::oauth_client).collect();
                Ok(json!({ "tenant": tenant, "clients": clients }))
            }
            OauthCommand::ShowClient { tenant, client } => {
                self.shown(&tenant, &self.tenants.show_oauth_client(&tenant, client_id(&client)?).await?)
            }
            OauthCommand::EnableClient { tenant, client, enabled } => {
                let id = client_id(&client)?;
                self.tenants.enable_oauth_client(&tenant, id, enabled).await?;
                self.shown(&tenant, &self.tenants.show_oauth_client(&tenant, id).await?)
            }
            OauthCommand::DeleteClient { tenant, client } => {
                self.tenants.delete_oauth_client(&tenant, client_id(&client)?).await?;
                self.tell(&tenant).await;
                Ok(json!({ "tenant": tenant, "client_id": client, "deleted": true }))
            }
            OauthCommand::IssueSecret { tenant, client, days } => self.issue_secret(&tenant, &client, days).await,
            OauthCommand::ListSecrets { tenant, client } => {
                let secrets = self.tenants.list_oauth_secrets(&tenant, client_id(&client)?).await?;
                let secrets: Vec<Value> = secrets.iter().map(view::oauth_secret).collect();
                Ok(json!({ "tenant": tenant, "client_id": client, "secrets": secrets }))
            }
            OauthCommand::RevokeSecret { tenant, client, secret } => {
                let id = secret.parse::<SecretId>().map_err(|_| no_id(&secret))?;
                self.tenants.revoke_oauth_secret(&tenant, client_id(&client)?, id).await?;
                self.tell(&tenant).await;
                Ok(json!({ "tenant": tenant, "client_id": client, "secret_id": secret, "revoked": true }))
            }
        }
    }

    async fn create_oauth_client(&self, asked: CreateOauthClient) -> Result<Answer, Failure> {
        let CreateOauthClient { tenant, name, scopes, networks, federation } = asked;
        let scopes = Scopes::of(scopes.iter().map(String::as_str))?;
        let federation = federation.map(|FederatedWith { issuer, audience, subject, jwks_uri }| Federation {
            issuer,
            audience,
            subject,
            jwks_uri,
        });
        let new = NewOauthClient { name, scopes, networks, federation };
        let created = self.tenants.create_oauth_client(&tenant, &new).await?;
        self.tell(&tenant).await;
        self.shown(&tenant, &created)
    }

    async fn issue_secret(&self, tenant: &str, client: &str, days: Option<u32>) -> Result<Answer, Failure> {
        let most = self.tenants.find(tenant)?.settings().token_max_days;
        let days = days.unwrap_or(USUAL_DAYS.min(most));
        let issued = self.tenants.issue_oauth_secret(tenant, client_id(client)?, days).await?;
        self.tell(tenant).await;
        let mut answer = view::oauth_secret(&issued.record);
        view::add(&mut answer, "tenant", tenant.into());
        view::add(&mut answer, "client_id", client.into());
        view::add(&mut answer, "client_secret", issued.secret.expose_secret().into());
        view::add(&mut answer, "token_endpoint", self.token_endpoint(tenant)?.into());
        Ok(answer)
    }

    /// A client with the address where it gets its tokens.
    fn shown(&self, tenant: &str, client: &OauthClient) -> Result<Answer, Failure> {
        let mut answer = view::oauth_client(client);
        view::add(&mut answer, "tenant", tenant.into());
        view::add(&mut answer, "token_endpoint", self.token_endpoint(tenant)?.into());
        Ok(answer)
    }

    fn token_endpoint(&self, tenant: &str) -> Result<String, Failure> {
        Ok(format!("{}/oauth2/token", self.origin.base_url(&*self.tenants.find(tenant)?)))
    }
}

fn client_id(text: &str) -> Result<OauthClientId, Failure> {
    text.parse().map_err(|_| no_id(text))
}

fn no_id(text: &str) -> Failure {
    Failure::new(Code::Invalid, format!("\"{text}\" is no id of an OAuth client or secret"))
}
