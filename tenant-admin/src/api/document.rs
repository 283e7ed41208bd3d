//! All endpoints: served, and described in the OpenAPI document that is made from the same list.

use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Description, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::endpoints::{
    breakers, failures, invitations, limits, me, oauth_clients, oauth_secrets, profile_trials, profiles, store_errands,
    stores, tenants, tokens, user_conversion,
};
use super::problem::{Document as ProblemDocument, Problem, Sort};

/// Below this all endpoints are.
pub(super) const BASE: &str = "/api/v1";

/// The one path that asks for no key.
pub(super) const OPEN: &str = "/api/v1/openapi.json";

/// Names each endpoint once, for the document and for the server.
macro_rules! endpoints {
    ($($module:ident::$name:ident),* $(,)?) => {
        #[derive(OpenApi)]
        #[openapi(
            info(
                title = "Tenantry administration",
                description = "Tenants, their tokens, OAuth clients and stores, for those who run them. Refusals are problem \
                               details (RFC 9457). Members and parameters that are unknown are refused."
            ),
            servers((url = "/api/v1")),
            paths($($module::$name),*, show_document),
            components(schemas(ProblemDocument<'static>)),
            modifiers(&Common)
        )]
        struct Endpoints;

        /// Serves them.
        pub(super) fn serve(config: &mut ServiceConfig) {
            config$(.service($module::$name))*.service(show_document);
        }
    };
}

endpoints![
    me::show_me,
    limits::show_limits,
    limits::change_limits,
    tenants::list_tenants,
    tenants::create_tenant,
    tenants::show_tenant,
    tenants::change_tenant,
    tenants::enable_tenant,
    tenants::disable_tenant,
    tenants::delete_tenant,
    breakers::show_breaker,
    breakers::change_breaker,
    breakers::expect_users,
    breakers::release_breaker,
    breakers::discard_breaker,
    failures::list_failures,
    invitations::list_invitations,
    invitations::show_invitation,
    invitations::resend_invitations,
    invitations::resend_invitation,
    invitations::revoke_invitation,
    user_conversion::show_user_conversion,
    user_conversion::plan_user_conversion,
    user_conversion::begin_user_conversion,
    user_conversion::pause_user_conversion,
    user_conversion::resume_user_conversion,
    user_conversion::cancel_user_conversion,
    profiles::list_profiles,
    profiles::import_profile,
    profiles::show_profile,
    profiles::list_profile_versions,
    profiles::roll_back_profile,
    profile_trials::preview_profile,
    profile_trials::try_profile,
    tokens::list_tokens,
    tokens::issue_token,
    tokens::complete_rotation,
    tokens::cancel_rotation,
    tokens::revoke_tokens,
    oauth_clients::list_oauth_clients,
    oauth_clients::create_oauth_client,
    oauth_clients::show_oauth_client,
    oauth_clients::enable_oauth_client,
    oauth_clients::disable_oauth_client,
    oauth_clients::delete_oauth_client,
    oauth_secrets::list_oauth_secrets,
    oauth_secrets::issue_oauth_secret,
    oauth_secrets::revoke_oauth_secret,
    stores::list_store_kinds,
    stores::list_stores,
    stores::add_store,
    stores::show_store,
    stores::change_store,
    stores::delete_store,
    store_errands::pause_store,
    store_errands::resume_store,
    store_errands::retry_store,
    store_errands::rebuild_store,
    store_errands::test_store,
    store_errands::issue_store_token,
    store_errands::replay_store,
    store_errands::list_dead_letters,
    store_errands::retry_dead_letters,
    store_errands::discard_dead_letters,
];

/// Describes every endpoint (OpenAPI 3.1).
#[utoipa::path(tag = "document", responses((status = 200, body = Object)), security(()))]
#[get("/openapi.json")]
pub(super) async fn show_document() -> HttpResponse {
    HttpResponse::Ok().json(Endpoints::openapi())
}

/// What is true of all endpoints.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut Description) {
        let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "An API key, which `tenantry api-key create` makes. The roles that may are named with each endpoint.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(key.build()));
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let problem = ResponseBuilder::new()
            .description("Anything else: the problem")
            .content("application/problem+json", problem)
            .build();
        for item in document.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete, &mut item.put];
            for operation in operations.into_iter().flatten() {
                for response in operation.responses.responses.values_mut() {
                    if let RefOr::T(response) = response {
                        response.description = "Done".to_owned();
                    }
                }
                operation.responses.responses.insert("default".to_owned(), RefOr::T(problem.clone()));
            }
        }
    }
}

/// What to say about a path or method that there is not.
pub(super) fn unknown(method: &str, path: &str) -> Problem {
    let document = Endpoints::openapi();
    let below = path.strip_prefix(BASE).unwrap_or_default();
    let known = document.paths.paths.iter().find(|(pattern, _)| fits(pattern, below));
    let Some((_, item)) = known else {
        return Problem::new(Sort::NotFound, format!("there is nothing at this path; {OPEN} names all paths"));
    };
    let methods = [("GET", &item.get), ("POST", &item.post), ("PATCH", &item.patch), ("DELETE", &item.delete)];
    let methods: Vec<&str> =
        methods.iter().filter(|(_, operation)| operation.is_some()).map(|(name, _)| *name).collect();
    let methods = methods.join(", ");
    let detail = format!("this path has no method {method}; it has {methods}");
    Problem::new(Sort::MethodNotAllowed, detail).allowing(methods)
}

/// Whether a path is one of a pattern such as `/tenants/{tenant}`.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(text)) if part == text || (part.starts_with('{') && !text.is_empty()) => {}
            _ => return false,
        }
    }
}
