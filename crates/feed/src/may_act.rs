//! `GET /may-act?id=…`, `?userName=…` or `?externalId=…`: whether a user may still act.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use delivery::{Sought, Standing};
use serde_json::{Value, json};

use crate::State;
use crate::problem::Problem;
use crate::pull::authenticate;

/// For the tenant whose store's token it is.
pub(crate) async fn may_act(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    answer(&request, &state, None).await
}

/// The same at an address that names the tenant; it and the token must agree.
pub(crate) async fn may_act_of_tenant(
    request: HttpRequest,
    tenant: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    answer(&request, &state, Some(&tenant)).await
}

async fn answer(request: &HttpRequest, state: &State, tenant: Option<&str>) -> Result<HttpResponse, Problem> {
    let (_, reader) = authenticate(request, state, tenant).await?;
    if reader.polls() {
        return Err(Problem::unauthorized());
    }
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let query = query.map_err(|_| wrong_question())?;
    let sought = match query.as_slice() {
        [(name, value)] if name == "id" => Sought::Id(value),
        [(name, value)] if name == "userName" => Sought::UserName(value),
        [(name, value)] if name == "externalId" => Sought::ExternalId(value),
        _ => return Err(wrong_question()),
    };
    // The application knows names that its profile has made; ours would be another user's.
    if !matches!(sought, Sought::Id(_)) && reader.tenant().profile().maps() {
        return Err(Problem::invalid(
            "the profile of the application tells other names than were provisioned; ask by id",
        ));
    }
    let _place = state.places.take_for_question(reader.store().id)?;
    let standing = state.stores.standing(&reader, sought).await?;
    let tenant = reader.tenant();
    let body = shown(&standing, tenant.is_enabled(), tenant.profile().maps());
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

fn wrong_question() -> Problem {
    Problem::invalid("ask for one user, by id, userName or externalId, and by one of them alone")
}

/// Who is not known for certain may not act.
fn shown(standing: &Standing, is_enabled: bool, maps: bool) -> Value {
    let user = match standing.users.as_slice() {
        [user] => Some(user),
        _ => None,
    };
    let reason = match (user, standing.users.len()) {
        _ if !is_enabled => "tenant-disabled",
        (Some(user), _) if user.is_active && !user.is_member => "not-verified",
        (Some(user), _) if user.is_active => "active",
        (Some(_), _) => "inactive",
        (None, 0) => "unknown",
        (None, _) => "ambiguous",
    };
    let user = user.map(|user| match maps {
        true => json!({ "id": user.id }),
        false => json!({ "id": user.id, "userName": user.user_name, "externalId": user.external_id }),
    });
    json!({ "mayAct": reason == "active", "reason": reason, "user": user, "sequence": standing.sequence })
}
