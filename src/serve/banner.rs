//! What a server says when it is ready: where clients connect, and what to try.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tenant_admin::Failure;

use super::first_start::Tenants;
use crate::cli::{Output, facts, text};

/// How many tenants are listed; an operator of more knows where to look.
const MOST_LISTED: usize = 5;

/// What is printed.
#[derive(Debug)]
pub(super) struct Banner {
    pub(super) tenants: Tenants,
    pub(super) operations: SocketAddr,
    /// Where the administration API is, if there is one.
    pub(super) admin: Option<SocketAddr>,
    pub(super) database: String,
    /// What must not be overlooked.
    pub(super) warning: Option<String>,
}

impl Banner {
    pub(super) fn print(&self, output: Output) -> Result<(), Failure> {
        if output.is_json() { output.line(&self.to_json().to_string()) } else { output.line(&self.to_text()) }
    }

    /// One line, so that who starts the server from a script can wait for it.
    pub(super) fn to_json(&self) -> Value {
        let (created, tenants) = match &self.tenants {
            Tenants::Created(tenant) => (tenant.clone(), vec![tenant.clone()]),
            Tenants::Found(tenants) => (Value::Null, tenants.clone()),
        };
        json!({
            "ready": true,
            "operations_url": format!("http://{}", self.operations),
            "admin_url": self.admin.map(|admin| format!("http://{admin}/api/v1")),
            "created": created,
            "warning": self.warning,
            "tenants": tenants.iter().map(|tenant| tenant.get("base_url")).collect::<Vec<_>>(),
        })
    }

    pub(super) fn to_text(&self) -> String {
        let warning = self.warning.iter().map(|sentence| format!("WARNING: {sentence}.\n\n"));
        warning.chain([self.news()]).collect()
    }

    fn news(&self) -> String {
        let operations = format!("http://{}  (/livez, /readyz, /metrics)", self.operations);
        let admin = self.admin.map(|admin| ("Admin API", format!("http://{admin}/api/v1  (tenantry api-key create)")));
        let shared = [Some(("Operations", operations)), admin, Some(("Data", self.database.clone()))];
        let shared = shared.into_iter().flatten();
        let version = env!("CARGO_PKG_VERSION");
        match &self.tenants {
            Tenants::Created(tenant) => {
                let (url, token) = (text(tenant, "base_url"), text(tenant, "token"));
                let named = [("Tenant URL", url.clone()), ("Token", token.clone())];
                format!(
                    "Tenantry {version} runs, with a new tenant named {}.\n\n{}\n\
                     The token is shown this once. Create a user with it:\n\n{}\n",
                    text(tenant, "name"),
                    facts(named.into_iter().chain(shared)),
                    curl(&url, &token)
                )
            }
            Tenants::Found(tenants) => {
                let listed = tenants.iter().take(MOST_LISTED).map(|tenant| ("Tenant URL", text(tenant, "base_url")));
                format!(
                    "Tenantry {version} runs, with {}.\n\n{}\n{}",
                    number(tenants.len()),
                    facts(listed.chain(shared)),
                    what_next(tenants)
                )
            }
        }
    }
}

/// One line that can be pasted into a shell.
fn curl(base_url: &str, token: &str) -> String {
    format!(
        "curl -i {base_url}/Users -H 'Authorization: Bearer {token}' -H 'Content-Type: application/scim+json' \
         -d '{{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"ada@example.com\"}}'"
    )
}

fn number(tenants: usize) -> String {
    match tenants {
        0 => "no tenant".to_owned(),
        1 => "1 tenant".to_owned(),
        _ => format!("{tenants} tenants"),
    }
}

fn what_next(tenants: &[Value]) -> String {
    let program = program();
    match tenants {
        [] => format!("Create a tenant:\n\n{program} tenant create NAME --with-token\n"),
        [one] => format!("A new token, which ends the one before:\n\n{program} token issue {}\n", text(one, "name")),
        _ => format!(
            "All tenants, and a new token for one, which ends the one before:\n\n\
             {program} tenant list\n{program} token issue NAME\n"
        ),
    }
}

/// How this program was called, so that the printed commands work where they are read.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "tenantry".to_owned())
}
