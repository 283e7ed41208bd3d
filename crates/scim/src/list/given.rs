//! The parameters of a query as texts, before they are understood.

use super::{ListQuery, Page};
use crate::{Projection, ScimError, ScimType};

/// What a client may give. Empty texts count as not given, except for `filter` and `cursor`.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) filter: Option<String>,
    pub(super) sort_by: Option<String>,
    pub(super) sort_order: Option<String>,
    pub(super) start_index: Option<String>,
    pub(super) count: Option<String>,
    pub(super) cursor: Option<String>,
}

impl Given {
    pub(super) fn understand(self, view: Projection) -> Result<ListQuery, ScimError> {
        let descending = is_descending(self.sort_order.as_deref().unwrap_or_default())?;
        let page = page(self.start_index.as_deref(), self.count.as_deref(), self.cursor)?;
        let sort_by = self.sort_by.filter(|name| !name.is_empty());
        Ok(ListQuery { filter: self.filter, sort_by, descending, page, view })
    }
}

fn is_descending(order: &str) -> Result<bool, ScimError> {
    if order.is_empty() || order.eq_ignore_ascii_case("ascending") {
        Ok(false)
    } else if order.eq_ignore_ascii_case("descending") {
        Ok(true)
    } else {
        Err(ScimError::invalid_value("sortOrder is ascending or descending"))
    }
}

/// Out-of-range numbers are moved into range (RFC 7644 section 3.4.2.4): `startIndex` below 1 is 1, `count` below 0 is 0.
fn page(start: Option<&str>, count: Option<&str>, cursor: Option<String>) -> Result<Page, ScimError> {
    let start = whole("startIndex", start)?;
    let count = whole("count", count)?;
    // RFC 9865 section 2.3 refuses what index paging (RFC 7644 section 3.4.2.4) reads as 0.
    if cursor.is_some() && count.is_some_and(|count| count < 0) {
        return Err(ScimError::bad_request(ScimType::InvalidCount, "count must not be negative with a cursor"));
    }
    let count = count.map(|count| u32::try_from(count.max(0)).unwrap_or(u32::MAX));
    match (start, cursor) {
        (Some(_), Some(_)) => Err(ScimError::invalid_value("give startIndex or cursor, not both")),
        (None, Some(cursor)) => Ok(Page::Cursor { cursor, count }),
        (start, None) => Ok(Page::Index { start: start.unwrap_or(1).max(1).unsigned_abs(), count }),
    }
}

fn whole(name: &str, text: Option<&str>) -> Result<Option<i64>, ScimError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ScimError::invalid_value(format!("{name} is a whole number")));
    }
    // Only too many digits are left to fail.
    let size = digits.parse().unwrap_or(i64::MAX);
    Ok(Some(if negative { -size } else { size }))
}
