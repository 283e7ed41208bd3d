//! The pages: plain HTML without a script, kept by nobody, and told to no other site.

use std::sync::LazyLock;

use actix_http::StatusCode;
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Shown;
use crate::error::Rejection;
use crate::reply::{Answer, add, answer_with, forbid_keeping};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fff}\
                     button{font:inherit;padding:.6rem 1.4rem;border:0;border-radius:.3rem;background:#1a56c4;color:#fff;cursor:pointer}";

/// What the page may do: show this style, and send its form here and to where it is led on (browsers follow the policy there, too).
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(digest(&SHA256, STYLE.as_bytes())));

/// Asks whether to accept.
pub(super) fn ask(shown: &Shown<'_>) -> Answer {
    let (product, workspace) = (escaped(shown.product), escaped(shown.workspace));
    let body = format!(
        "<p>You are invited to the workspace <strong>{workspace}</strong> in {product}.</p>\
         <form method=\"post\"><button type=\"submit\">Verify my address and join</button></form>\
         <p>If you did not expect this, close the page: nothing happens.</p>"
    );
    page(StatusCode::OK, &format!("Join {workspace}"), &body, shown.landing.as_deref())
}

/// It is accepted, now or before.
pub(super) fn accepted(shown: &Shown<'_>) -> Answer {
    let (product, workspace) = (escaped(shown.product), escaped(shown.workspace));
    let link = shown
        .landing
        .as_ref()
        .map(|landing| format!("<p><a rel=\"noreferrer\" href=\"{}\">Go on to {product}</a></p>", escaped(landing)));
    let body = format!(
        "<p>Your address is verified, and you are a member of the workspace <strong>{workspace}</strong> in {product}.</p>{}",
        link.unwrap_or_default()
    );
    page(StatusCode::OK, &format!("You have joined {workspace}"), &body, None)
}

/// The same, and on to the application.
pub(super) fn go_on(landing: &str) -> Answer {
    let mut answer = page(StatusCode::SEE_OTHER, "Accepted", "<p>You are led on.</p>", None);
    add(&mut answer, LOCATION, landing);
    answer
}

/// Its time is over.
pub(super) fn expired(shown: &Shown<'_>) -> Answer {
    let workspace = escaped(shown.workspace);
    let body = format!(
        "<p>This invitation to the workspace <strong>{workspace}</strong> has expired.</p>\
         <p>Ask an administrator of the workspace to send it again.</p>"
    );
    page(StatusCode::GONE, "The invitation has expired", &body, None)
}

/// Nobody is invited at the moment.
pub(super) fn off(shown: &Shown<'_>) -> Answer {
    let workspace = escaped(shown.workspace);
    let body = format!(
        "<p>The workspace <strong>{workspace}</strong> invites nobody by mail at the moment, so there is nothing to verify.</p>\
         <p>Ask an administrator of the workspace whether you are a member.</p>"
    );
    page(StatusCode::GONE, "Invitations are switched off", &body, None)
}

/// Whatever else is wrong with it: nobody learns whom there is.
pub(super) fn void() -> Answer {
    let body = "<p>This link is not valid, or not any more.</p>\
                <p>If you have another mail that came later, use the link in that one. Make sure that the whole link was opened. \
                Otherwise ask an administrator of your workspace to invite you again.</p>";
    page(StatusCode::NOT_FOUND, "This link is not valid", body, None)
}

/// A refusal, for people.
pub(crate) fn answer_to(rejection: &Rejection) -> Answer {
    let error = rejection.to_error();
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let sentence = match error.status {
        405 => "This page cannot be asked for in this way.",
        _ => "This cannot be done at the moment. Nothing has changed; please try again a little later.",
    };
    let mut answer = page(status, "Please try again later", &format!("<p>{sentence}</p>"), None);
    if let Some(seconds) = rejection.retry_after() {
        add(&mut answer, RETRY_AFTER, &seconds.to_string());
    }
    if let Rejection::MethodNotAllowed { allow } = rejection {
        add(&mut answer, actix_web::http::header::ALLOW, allow);
    }
    answer
}

/// `title` is escaped already.
fn page(status: StatusCode, title: &str, body: &str, leads_to: Option<&str>) -> Answer {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    );
    let mut answer = answer_with(status, html);
    let origin = leads_to.map(origin).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{origin}; base-uri 'none'; frame-ancestors 'none'",
        *STYLE_HASH
    );
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, &policy),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        add(&mut answer, name, value);
    }
    forbid_keeping(&mut answer);
    answer
}

/// ` https://app.example.com`, of a URL of a profile.
fn origin(url: &str) -> String {
    let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    if host.bytes().all(plain) { format!(" https://{host}") } else { String::new() }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tenant_is_called_is_no_markup() {
        assert_eq!(escaped("<b a=\"'&"), "&lt;b a=&quot;&#39;&amp;");
        assert_eq!(origin("https://app.example.com/a?b"), " https://app.example.com");
        assert_eq!(origin("https://app.example.com; script-src *"), "");
    }
}
