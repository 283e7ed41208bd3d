//! A list query from a query string.

use super::ListQuery;
use super::form::{decode, pairs};
use super::given::Given;
use crate::{Projection, ScimError};

impl ListQuery {
    /// Reads the query string of a GET, without its `?`. Unknown parameters are ignored (RFC 7644 section 3.4.2; Entra:
    /// `?aadOptscim062020`).
    ///
    /// # Errors
    /// `invalidValue` if a parameter is given twice, is no number where one belongs, or excludes another.
    pub fn from_query(query: &str) -> Result<Self, ScimError> {
        let mut given = Given::default();
        let (mut attributes, mut excluded) = (None, None);
        for (name, value) in pairs(query) {
            let Ok(name) = decode(name) else { continue };
            let (name, place) = match name.to_ascii_lowercase().as_str() {
                "filter" => ("filter", &mut given.filter),
                "sortby" => ("sortBy", &mut given.sort_by),
                "sortorder" => ("sortOrder", &mut given.sort_order),
                "startindex" => ("startIndex", &mut given.start_index),
                "count" => ("count", &mut given.count),
                "cursor" => ("cursor", &mut given.cursor),
                "attributes" => ("attributes", &mut attributes),
                "excludedattributes" => ("excludedAttributes", &mut excluded),
                _ => continue,
            };
            if place.replace(decode(value)?.into_owned()).is_some() {
                return Err(ScimError::invalid_value(format!("{name} is given twice")));
            }
        }
        given.understand(Projection::parse(attributes.as_deref(), excluded.as_deref())?)
    }
}
