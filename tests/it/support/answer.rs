//! An answer, and what is true of every answer.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::urn;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The request it answers, for messages.
    pub(crate) request: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// The body; null if there is none.
    pub(crate) body: Value,
}

impl Answer {
    /// Takes an answer of a SCIM address and checks what is true of all of them.
    #[track_caller]
    pub(crate) fn of_scim(request: String, status: u16, headers: HeaderMap, text: String) -> Self {
        let answer = Self::new(request, status, headers, text);
        answer.check_body();
        if status >= 400 {
            answer.check_error();
        }
        if status == 401 {
            assert!(answer.header("www-authenticate").is_some(), "a 401 names the scheme (R1): {answer:?}");
        }
        if status == 201 && answer.body["meta"]["location"].is_string() {
            assert_eq!(answer.header("location"), answer.body["meta"]["location"].as_str(), "R18: {answer:?}");
        }
        answer
    }

    /// Takes any answer.
    #[track_caller]
    pub(crate) fn new(request: String, status: u16, headers: HeaderMap, text: String) -> Self {
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::Null) };
        Self { request, status, headers, text, body }
    }

    /// It has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} → {}", self.request, self.text);
        self
    }

    /// The whole seconds after which it says to come again.
    #[track_caller]
    pub(crate) fn retry_after(&self) -> u64 {
        let header = self.header("retry-after").unwrap_or_else(|| panic!("no Retry-After: {self:?}"));
        header.parse().unwrap_or_else(|_| panic!("{header} is no whole number"))
    }

    /// Comes back when it was told to: a client waits for a time, and that it suffices is what is tested.
    pub(crate) async fn obey(&self) {
        tokio::time::sleep(Duration::from_secs(self.retry_after())).await;
    }

    /// It is a refusal with this status and keyword.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, scim_type: Option<&str>) -> Self {
        assert_eq!(
            (self.status, self.body["scimType"].as_str()),
            (status, scim_type),
            "{} → {} {}",
            self.request,
            self.status,
            self.text
        );
        self
    }

    /// The id of the resource in it.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.text)).to_owned()
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a readable header"))
    }

    /// The number of results of a list.
    #[track_caller]
    pub(crate) fn total(&self) -> u64 {
        self.body["totalResults"].as_u64().unwrap_or_else(|| panic!("no totalResults in {}", self.text))
    }

    /// The resources of a list.
    #[track_caller]
    pub(crate) fn resources(&self) -> &[Value] {
        self.body["Resources"].as_array().unwrap_or_else(|| panic!("no Resources in {}", self.text))
    }

    /// The ids of the resources of a list.
    #[track_caller]
    pub(crate) fn ids(&self) -> Vec<String> {
        self.resources().iter().map(|resource| resource["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// The ids of a group's members.
    pub(crate) fn members(&self) -> Vec<String> {
        let members = self.body["members"].as_array().map(Vec::as_slice).unwrap_or_default();
        members.iter().map(|member| member["value"].as_str().expect("a member's value").to_owned()).collect()
    }

    #[track_caller]
    fn check_body(&self) {
        if matches!(self.status, 204 | 304) {
            assert!(self.text.is_empty() && self.header("content-type").is_none(), "no body, no type: {self:?}");
        } else if !self.text.is_empty() {
            assert_eq!(self.header("content-type"), Some("application/scim+json"), "{self:?}");
            assert!(self.body.is_object(), "not JSON: {self:?}");
            assert!(!has_null(&self.body), "unassigned is omitted (R32): {self:?}");
        }
        if let (Some(tag), Some(version)) = (self.header("etag"), self.body["meta"]["version"].as_str()) {
            assert_eq!(tag, version, "the ETag is meta.version (R40): {self:?}");
        }
    }

    #[track_caller]
    fn check_error(&self) {
        if self.text.is_empty() {
            assert!(self.request.starts_with("HEAD "), "an error has a body (R12): {self:?}");
            return;
        }
        assert_eq!(self.body["schemas"], serde_json::json!([urn::ERROR]), "R12: {self:?}");
        assert_eq!(self.body["status"], Value::String(self.status.to_string()), "a string (R12): {self:?}");
        assert!(self.body["detail"].as_str().is_some_and(|detail| detail.len() > 10), "a sentence: {self:?}");
        assert!(
            self.body.get("scimType").is_none() || matches!(self.status, 400 | 403 | 409),
            "a keyword only where table 9 has one (R13): {self:?}"
        );
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}
