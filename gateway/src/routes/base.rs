//! Base URLs that applications have beside `/scim/v2`, as their profiles say.

use std::sync::Arc;

use super::path::lower_case;
use super::{Route, Target};

/// The name of a segment that stands for the name of a tenant.
const TENANT: &str = "{tenant}";

/// A base URL of a profile, as it was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Base {
    /// The path in the profile.
    pub(crate) path: Arc<str>,
    /// The path that the client wrote, with what names its tenant.
    pub(crate) prefix: String,
}

impl<'a> Target<'a> {
    /// Reads a path below one of these paths, in their order; in any letter case, with double and trailing
    /// slashes, as the standard one. Before it may stand `/t/{tenant}`.
    pub(crate) fn parse_below(path: &'a str, paths: &[Arc<str>]) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let (named, below) = match segments.as_slice() {
            [first, tenant, below @ ..] if first.eq_ignore_ascii_case("t") => (Some(*tenant), below),
            below => (None, below),
        };
        paths.iter().find_map(|base| {
            let (own, rest) = matched(base, below)?;
            if named.is_some() && own.is_some() {
                return None;
            }
            let used = segments.get(..segments.len() - rest.len())?;
            let tenant = named.or(own).map(lower_case);
            let prefix = format!("/{}", used.join("/"));
            let base = Some(Base { path: Arc::clone(base), prefix });
            let route = match rest {
                [one] if one.eq_ignore_ascii_case("token") => Route::Token,
                rest => Route::parse(rest.iter().copied()),
            };
            Some(Self { tenant, route, base })
        })
    }
}

/// The segment that names a tenant, if one does, and what follows the base path.
fn matched<'s, 'a>(base: &str, segments: &'s [&'a str]) -> Option<(Option<&'a str>, &'s [&'a str])> {
    let mut rest = segments;
    let mut tenant = None;
    for wanted in base.split('/').skip(1) {
        let (segment, after) = rest.split_first()?;
        if wanted == TENANT {
            tenant = Some(*segment);
        } else if !wanted.eq_ignore_ascii_case(segment) {
            return None;
        }
        rest = after;
    }
    Some((tenant, rest))
}

impl Target<'_> {
    /// The path of the base URL, as its client knows it, in parts.
    pub(crate) fn base_path(&self) -> [&str; 3] {
        match &self.base {
            Some(base) => [&base.prefix, "", ""],
            None => standard_path(self.tenant.as_deref()),
        }
    }
}

/// The path of the base URL that every tenant has, in parts.
pub(crate) fn standard_path(tenant: Option<&str>) -> [&str; 3] {
    match tenant {
        Some(tenant) => ["/t/", tenant, "/scim/v2"],
        None => ["/scim/v2", "", ""],
    }
}

#[cfg(test)]
mod tests {
    use scim::ResourceKind::User;

    use super::*;

    fn paths() -> Vec<Arc<str>> {
        ["/api/v1/scim/v2", "/api/scim/v2", "/{tenant}/scim"].map(Arc::from).to_vec()
    }

    #[test]
    fn a_path_of_a_profile_is_read_in_any_letter_case() {
        for (path, tenant, prefix) in [
            ("/api/SCIM/v2/Users", None, "/api/SCIM/v2"),
            ("//API/scim/V2//Users/", None, "/API/scim/V2"),
            ("/t/ACME/api/v1/scim/v2/Users", Some("acme"), "/t/ACME/api/v1/scim/v2"),
            ("/Acme/scim/Users", Some("acme"), "/Acme/scim"),
            ("/acme/scim/v2/Users", Some("acme"), "/acme/scim"),
        ] {
            let target = Target::parse_below(path, &paths()).unwrap();
            assert_eq!((target.tenant.as_deref(), &target.route), (tenant, &Route::Resources(User)), "{path}");
            assert_eq!(target.base_path().concat(), prefix);
        }
    }

    #[test]
    fn what_is_below_no_path_is_nothing() {
        for path in ["/", "/api", "/api/crm", "/acme", "/api/v1/scim/v3", "/t/acme/other/scim/Users"] {
            assert_eq!(Target::parse_below(path, &paths()), None, "{path}");
        }
        let root = Target::parse_below("/api/scim/v2", &paths()).unwrap();
        assert_eq!(root.route, Route::Root);
    }
}
