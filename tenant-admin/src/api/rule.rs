//! Who may do what: one function from a key and a wish to yes or no.

use tenancy::{ApiKey, Role};

use super::problem::{Problem, Sort};

/// What an endpoint asks of the key of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// To look.
    Read,
    /// To change the way in of a tenant: its tokens and OAuth clients.
    Manage,
    /// To change what a tenant is, and which tenants there are.
    Operate,
}

/// Lets a key do something, with the tenant of this name if it is about one. What another key's tenant is about is
/// answered as what does not exist, whatever is asked; only then the role counts.
pub(super) fn decide(key: &ApiKey, needs: Needs, tenant: Option<&str>) -> Result<(), Problem> {
    if let (Some(own), Some(asked)) = (key.tenant.as_deref(), tenant)
        && own != asked
    {
        return Err(Problem::no_tenant(asked));
    }
    let may = match key.role {
        Role::Operator => true,
        Role::TenantAdmin => needs != Needs::Operate,
        Role::Auditor => needs == Needs::Read,
    };
    if may { Ok(()) } else { Err(forbidden(key.role, needs)) }
}

fn forbidden(role: Role, needs: Needs) -> Problem {
    let role = role.as_str();
    let who = if needs == Needs::Operate { "operator" } else { "operator or tenant-admin" };
    Problem::new(Sort::Forbidden, format!("this API key has the role {role}; this needs one with the role {who}"))
}
