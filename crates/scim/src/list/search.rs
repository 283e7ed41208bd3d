//! A list query from the body of a `/.search` (RFC 7644 section 3.4.3).

use serde_json::{Map, Value};

use super::ListQuery;
use super::given::Given;
use crate::message::{check_schemas, take_member, take_text};
use crate::{Dialect, Projection, Quirk, ScimError};

/// URN of the search message.
const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

impl ListQuery {
    /// Reads a search message. Members it does not know are ignored, like unknown parameters of a query.
    ///
    /// # Errors
    /// `invalidSyntax` if the body is no such message, `invalidValue` as [`ListQuery::from_query`].
    pub fn from_search_request(body: Value, dialect: &mut Dialect) -> Result<Self, ScimError> {
        let Value::Object(mut body) = body else {
            return Err(ScimError::invalid_syntax("a search request is a JSON object"));
        };
        check_schemas(&mut body, SEARCH_REQUEST, dialect)?;
        let given = Given {
            filter: take_text(&mut body, "filter", dialect)?,
            sort_by: take_text(&mut body, "sortBy", dialect)?,
            sort_order: take_text(&mut body, "sortOrder", dialect)?,
            start_index: take_number(&mut body, "startIndex", dialect)?,
            count: take_number(&mut body, "count", dialect)?,
            cursor: take_text(&mut body, "cursor", dialect)?,
        };
        let attributes = take_names(&mut body, "attributes", dialect)?;
        let excluded = take_names(&mut body, "excludedAttributes", dialect)?;
        given.understand(Projection::from_lists(&attributes, &excluded)?)
    }
}

/// The digits of a number; in a string they are repaired.
fn take_number(body: &mut Map<String, Value>, name: &str, dialect: &mut Dialect) -> Result<Option<String>, ScimError> {
    let refusal = || ScimError::invalid_value(format!("{name} is a whole number"));
    match take_member(body, name, dialect)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::String(text)) => dialect.repair(Quirk::Coerced, refusal).map(|()| Some(text)),
        Some(_) => Err(refusal()),
    }
}

/// An array of names; one string with commas, as in a query, is repaired.
fn take_names(body: &mut Map<String, Value>, name: &str, dialect: &mut Dialect) -> Result<Vec<String>, ScimError> {
    let refusal = || ScimError::invalid_syntax(format!("{name} is an array of strings"));
    match take_member(body, name, dialect)? {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(list)) => {
            dialect.repair(Quirk::SingleForArray, refusal)?;
            Ok(list.split(',').map(str::to_owned).collect())
        }
        Some(list) => serde_json::from_value(list).map_err(|_| refusal()),
    }
}
