//! What fails about users and groups, for the provisioning log of the tenant. What is done never comes here.

mod names;

use actix_http::Method;
use journal::{Failure, Operation};
use scim::{BulkRefusal, ResourceKind, ScimError, ScimType};
use tenancy::Tenant;

use crate::app::Gateway;
use crate::caller::Caller;
use crate::error::Rejection;
use crate::exchange::Exchange;
use crate::routes::Route;
use names::Said;

/// Notes that a request of a tenant's client failed.
pub(crate) fn note(caller: &Caller<'_>, route: &Route<'_>, rejection: &Rejection) {
    if !route.is_about_resources() {
        return;
    }
    let mut said = names::of_resource(caller.sent());
    if let Route::Resource(_, id) = route {
        said.named.id = Some(id.clone().into_owned());
    }
    let error = rejection.to_error();
    said.may_quote = may_quote(caller, &error, caller.method() == Method::PATCH);
    let of = (operation(caller.method(), route), kind(route));
    caller.gateway().journal.note(failure(caller.tenant(), caller.asked(), of, said, error));
}

/// Notes that some operations of a bulk request failed.
pub(crate) fn note_operations(caller: &Caller<'_>, refusals: Vec<BulkRefusal>) {
    if refusals.is_empty() {
        return;
    }
    let mut all = names::of_operations(caller.sent());
    for BulkRefusal { operation, method, kind, id, error } in refusals {
        let mut said = all.get_mut(operation).map(std::mem::take).unwrap_or_default();
        said.named.id = id;
        said.may_quote = may_quote(caller, &error, method == "PATCH");
        let of = (of_method(&method), kind);
        caller.gateway().journal.note(failure(caller.tenant(), caller.asked(), of, said, error));
    }
}

/// Notes that a request was refused before its body was read: its token has ended, or there were too many.
pub(crate) fn note_refused(
    gateway: &Gateway,
    tenant: &Tenant,
    exchange: &Exchange,
    (method, route): (&Method, &Route<'_>),
    error: ScimError,
) {
    let mut said = Said::default();
    if let Route::Resource(_, id) = route {
        said.named.id = Some(id.clone().into_owned());
    }
    let of = (operation(method, route), kind(route));
    gateway.journal.note(failure(tenant, exchange.asked(), of, said, error));
}

fn failure(
    tenant: &Tenant,
    (request_id, client, time_ms): (&str, &'static str, i64),
    (operation, kind): (Operation, Option<ResourceKind>),
    Said { named, password, may_quote }: Said,
    error: ScimError,
) -> Failure {
    Failure {
        tenant: tenant.id().as_i64(),
        time_ms,
        request_id: request_id.to_owned(),
        client,
        operation,
        resource_type: kind.map(name),
        named,
        status: error.status,
        scim_type: error.scim_type.map(ScimType::as_str),
        administrator: tenant.settings().administrator.as_ref().map(|administrator| administrator.name.clone()),
        detail: without_secrets(error.detail, password.as_deref(), may_quote),
    }
}

fn name(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "User",
        ResourceKind::Group => "Group",
    }
}

fn kind(route: &Route<'_>) -> Option<ResourceKind> {
    match route {
        Route::Resources(kind) | Route::Resource(kind, _) | Route::Search(Some(kind)) => Some(*kind),
        _ => None,
    }
}

fn operation(method: &Method, route: &Route<'_>) -> Operation {
    match (route, method) {
        (Route::Bulk, _) => Operation::Bulk,
        (Route::Oauth(_), _) => Operation::Authenticate,
        (Route::Search(_), _) | (Route::Root | Route::Resources(_), &Method::GET | &Method::HEAD) => Operation::Search,
        (Route::Resource(..), &Method::GET | &Method::HEAD) => Operation::Read,
        (Route::Resources(_) | Route::Resource(..), method) => of_method(method.as_str()),
        _ => Operation::Other,
    }
}

fn of_method(method: &str) -> Operation {
    match method {
        "POST" => Operation::Create,
        "PUT" => Operation::Replace,
        "PATCH" => Operation::Patch,
        "DELETE" => Operation::Delete,
        _ => Operation::Other,
    }
}

/// Whether a sentence may repeat what stands in quotes. Of a request that speaks of a password, expressions and operations may be
/// about it; the members of a resource are told apart.
fn may_quote(caller: &Caller<'_>, error: &ScimError, is_patch: bool) -> bool {
    let is_expression =
        matches!(error.scim_type, Some(ScimType::InvalidFilter | ScimType::InvalidPath | ScimType::NoTarget));
    !((is_patch || is_expression)
        && (speaks_of_password(caller.sent()) || speaks_of_password(caller.query().as_bytes())))
}

fn speaks_of_password(text: &[u8]) -> bool {
    text.windows(8).any(|word| word.eq_ignore_ascii_case(b"password"))
}

/// Sentences repeat what a client sent, to be found there. A password is not to be found anywhere.
fn without_secrets(sentence: String, password: Option<&str>, may_quote: bool) -> String {
    let sentence = match password {
        Some(password) => sentence.replace(password, "…"),
        None => sentence,
    };
    if may_quote && !speaks_of_password(sentence.as_bytes()) {
        return sentence;
    }
    // What is quoted may have quotes of its own.
    match (sentence.split_once('"'), sentence.rsplit_once('"')) {
        (Some((before, _)), Some((_, after))) => format!("{before}\"…\"{after}"),
        _ => sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_sentence() {
        let told = |sentence: &str, password| without_secrets(sentence.to_owned(), password, true);
        assert_eq!(without_secrets("instead of \"hunter2\"".to_owned(), None, false), "instead of \"…\"");
        assert_eq!(told("userName \"ada\" is taken", Some("hunter2")), "userName \"ada\" is taken");
        assert_eq!(
            told("active is true or false, not \"hunter2\"", Some("hunter2")),
            "active is true or false, not \"…\""
        );
        assert_eq!(told("path \"password eq \"hunter2\"\" cannot be used", None), "path \"…\" cannot be used");
    }

    #[test]
    fn a_request_is_what_its_method_and_path_say() {
        let of = |method, route: &Route<'_>| operation(&method, route).as_str();
        let user = Route::Resource(ResourceKind::User, "1".into());
        assert_eq!(of(Method::DELETE, &user), "delete");
        assert_eq!(of(Method::HEAD, &user), "read");
        assert_eq!(of(Method::POST, &Route::Resources(ResourceKind::Group)), "create");
        assert_eq!(of(Method::POST, &Route::Search(None)), "search");
        assert_eq!(of(Method::GET, &Route::Me), "other");
    }
}
