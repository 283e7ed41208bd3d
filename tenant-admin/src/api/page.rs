//! Lists, a page at a time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::problem::{Problem, Sort};
use crate::view;

/// The most items of a page.
const MOST: u32 = 200;
/// The items of a page when nothing is said.
const USUAL: u32 = 50;

/// Which part of a list is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// At most so many, 1 to 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    limit: u32,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl Default for Paging {
    fn default() -> Self {
        Self { limit: USUAL, cursor: None }
    }
}

impl Paging {
    /// For an endpoint that has more parameters.
    pub(super) fn of(limit: Option<u32>, cursor: Option<String>) -> Self {
        Self { limit: limit.unwrap_or(USUAL), cursor }
    }

    /// How many items one page has.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let refused = || Problem::new(Sort::Invalid, format!("limit is 1 to {MOST}, not {}", self.limit));
        if !(1..=MOST).contains(&self.limit) {
            return Err(refused());
        }
        usize::try_from(self.limit).map_err(|_| refused())
    }

    /// The mark of the last item of the page before.
    pub(super) fn after(&self) -> Result<Option<String>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let mark = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        mark.map(Some).ok_or_else(refused)
    }

    /// The mark of a page, for whoever asks for the one after it.
    pub(super) fn cursor(mark: &str) -> String {
        URL_SAFE_NO_PAD.encode(mark)
    }

    /// Cuts the member `list` of an answer to the page; `mark` is the member of each item that tells it from the others.
    pub(super) fn cut(&self, mut answer: Value, list: &str, mark: &str) -> Result<Value, Problem> {
        let limit = self.limit()?;
        let mut items = match answer.get_mut(list).map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        if let Some(after) = self.after()? {
            let last = items.iter().position(|item| text(item, mark) == Some(&after)).ok_or_else(refused)?;
            items.drain(..=last);
        }
        let next = (items.len() > limit).then(|| items.get(limit - 1).and_then(|item| text(item, mark))).flatten();
        let next = next.map(Self::cursor);
        items.truncate(limit);
        view::add(&mut answer, list, items.into());
        view::add(&mut answer, "next_cursor", next.into());
        Ok(answer)
    }
}

fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Value::as_str)
}

fn refused() -> Problem {
    Problem::new(Sort::Invalid, "this cursor is of no page of this list; begin again without one")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(limit: u32, cursor: Option<String>) -> Value {
        let answer = json!({ "tenant": "acme", "tokens": [{ "id": "a" }, { "id": "b" }, { "id": "c" }] });
        Paging { limit, cursor }.cut(answer, "tokens", "id").unwrap()
    }

    #[test]
    fn pages_make_the_whole_list() {
        let first = page(2, None);
        assert_eq!(first["tokens"], json!([{ "id": "a" }, { "id": "b" }]));
        let last = page(2, first["next_cursor"].as_str().map(str::to_owned));
        assert_eq!((&last["tokens"], &last["next_cursor"]), (&json!([{ "id": "c" }]), &Value::Null));
        assert_eq!(page(3, None)["next_cursor"], Value::Null);
    }

    #[test]
    fn what_is_no_page_is_refused() {
        let wrong = |limit, cursor: Option<&str>| {
            Paging { limit, cursor: cursor.map(str::to_owned) }
                .cut(json!({ "tokens": [] }), "tokens", "id")
                .unwrap_err()
        };
        assert_eq!(wrong(0, None).to_string(), "limit is 1 to 200, not 0");
        assert_eq!(wrong(201, None).to_string(), "limit is 1 to 200, not 201");
        for cursor in ["%", "eA", "_w"] {
            assert!(wrong(5, Some(cursor)).to_string().starts_with("this cursor is of no page"), "{cursor}");
        }
    }
}
