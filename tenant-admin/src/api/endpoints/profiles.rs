//! Application profiles: what an application of a tenant is told, and how.

use actix_web::{HttpResponse, get, post};
use serde_json::Value;

use crate::api::asked::Asked;
use crate::api::body::Body;
use crate::api::problem::Problem;
use crate::api::rule::Needs;
use crate::api::wishes::{NewProfile, ProfileRollback};
use crate::api::{profile_shapes as shapes, reply};
use crate::operator::profiles::unknown_profile;
use crate::{Code, Command, Failure, ProfileCommand};

/// Lists the profiles, in the order of their names.
///
/// The key of one tenant sees that of the tenant, and those that came with the program. How many tenants go by each is told to operators.
#[utoipa::path(
    tag = "profiles",
    responses((status = 200, body = shapes::Profiles)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/profiles")]
pub(in crate::api) async fn list_profiles(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.permitted(Needs::Read)?;
    let mut answer = permitted.run(Command::Profile(ProfileCommand::List)).await?;
    if let Some(own) = permitted.only_profile()
        && let Some(profiles) = answer.get_mut("profiles").and_then(Value::as_array_mut)
    {
        profiles.retain(|profile| is_seen(profile, &own));
        profiles.iter_mut().for_each(hide_tenants);
    }
    Ok(reply::ok(&answer))
}

/// Shows a profile: what it leaves to its tenants, and its text.
///
/// For the key of one tenant, others than it sees in the list are not there.
#[utoipa::path(
    tag = "profiles",
    params(("profile" = String, Path)),
    responses((status = 200, body = shapes::Profile)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/profiles/{profile}")]
pub(in crate::api) async fn show_profile(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.permitted(Needs::Read)?;
    let name = asked.part("profile");
    let mut answer = permitted.run(Command::Profile(ProfileCommand::Show { name: name.clone() })).await?;
    if let Some(own) = permitted.only_profile() {
        if !is_seen(&answer, &own) {
            return Err(Failure::new(Code::NotFound, unknown_profile(&name)).into());
        }
        hide_tenants(&mut answer);
    }
    Ok(reply::ok(&answer))
}

/// Makes a text the newest version of the profile that it names.
///
/// Every server goes by it when this has returned. A text with a mistake changes nothing; the problem tells the line. Sent again, it
/// changes nothing.
#[utoipa::path(
    tag = "profiles",
    request_body = NewProfile,
    responses((status = 200, body = shapes::ProfileNow)),
    security(("api_key" = ["operator"]))
)]
#[post("/profiles")]
pub(in crate::api) async fn import_profile(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.permitted(Needs::Operate)?;
    asked.without_idempotency_key("sent again, the same text changes nothing")?;
    let NewProfile { text, file } = body.read().await?;
    let command = ProfileCommand::Import { text, file, unless_known: false };
    Ok(reply::ok(&permitted.run(Command::Profile(command)).await?))
}

/// Lists the versions of a profile, the newest first.
#[utoipa::path(
    tag = "profiles",
    params(("profile" = String, Path)),
    responses((status = 200, body = shapes::ProfileVersions)),
    security(("api_key" = ["operator"]))
)]
#[get("/profiles/{profile}/versions")]
pub(in crate::api) async fn list_profile_versions(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.permitted(Needs::Operate)?;
    let command = ProfileCommand::Versions { name: asked.part("profile") };
    Ok(reply::ok(&permitted.run(Command::Profile(command)).await?))
}

/// Goes back to a version of a profile.
///
/// Every server goes by it when this has returned. With the number of a version it can be asked again.
#[utoipa::path(
    tag = "profiles",
    params(("profile" = String, Path)),
    request_body = ProfileRollback,
    responses((status = 200, body = shapes::ProfileNow)),
    security(("api_key" = ["operator"]))
)]
#[post("/profiles/{profile}/rollback")]
pub(in crate::api) async fn roll_back_profile(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.permitted(Needs::Operate)?;
    asked.without_idempotency_key("name the version, and going back to it again changes nothing")?;
    let ProfileRollback { version } = body.read().await?;
    let command = ProfileCommand::RollBack { name: asked.part("profile"), to: Some(version) };
    Ok(reply::ok(&permitted.run(Command::Profile(command)).await?))
}

/// A profile may have been made for one customer, and is nothing for another one.
fn is_seen(profile: &Value, own: &str) -> bool {
    profile.get("name").and_then(Value::as_str) == Some(own) || profile.get("version") == Some(&Value::from(0))
}

/// How many tenants there are is nothing for one of them.
fn hide_tenants(profile: &mut Value) {
    if let Some(members) = profile.as_object_mut() {
        members.shift_remove("tenants");
    }
}
