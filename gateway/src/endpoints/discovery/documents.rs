//! The large documents, written once for each base URL and set of schemas.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::HashMap;
use scim::Schemas;
use scim::discovery::{self, Capabilities};
use serde_json::Value;

/// Base URLs that are remembered. Clients choose them by their `Host`, so there is no end of them; when there are too
/// many, all are forgotten.
const MOST_BASES: usize = 256;

/// Every document that was asked for lately.
#[derive(Debug, Default)]
pub(crate) struct Documents(RefCell<HashMap<String, Rc<Set>>>);

/// The documents of one base URL.
#[derive(Debug)]
pub(crate) struct Set {
    base: String,
    of: Arc<Schemas>,
    configuration: OnceCell<Bytes>,
    resource_types: OnceCell<Bytes>,
    schemas: OnceCell<Bytes>,
}

impl Documents {
    /// The documents as they are under this base URL, for these schemas.
    pub(crate) fn of(&self, schemas: &Arc<Schemas>, base: &str) -> Rc<Set> {
        let known = self.0.borrow().get(base).map(Rc::clone);
        known.filter(|set| Arc::ptr_eq(&set.of, schemas)).unwrap_or_else(|| self.remember(schemas, base))
    }

    fn remember(&self, schemas: &Arc<Schemas>, base: &str) -> Rc<Set> {
        let set = Rc::new(Set::new(schemas, base));
        let mut sets = self.0.borrow_mut();
        if sets.len() >= MOST_BASES {
            sets.clear();
        }
        sets.insert(base.to_owned(), Rc::clone(&set));
        set
    }
}

impl Set {
    fn new(schemas: &Arc<Schemas>, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            of: Arc::clone(schemas),
            configuration: OnceCell::new(),
            resource_types: OnceCell::new(),
            schemas: OnceCell::new(),
        }
    }

    /// `/ServiceProviderConfig`
    pub(crate) fn configuration(&self, capabilities: &Capabilities) -> Bytes {
        let document = || text(&discovery::service_provider_config(capabilities, &self.base));
        self.configuration.get_or_init(document).clone()
    }

    /// `/ResourceTypes`
    pub(crate) fn resource_types(&self) -> Bytes {
        self.resource_types.get_or_init(|| text(&discovery::resource_types(&self.of, &self.base))).clone()
    }

    /// `/Schemas`
    pub(crate) fn schemas(&self) -> Bytes {
        self.schemas.get_or_init(|| text(&discovery::schemas(&self.of, &self.base))).clone()
    }
}

fn text(document: &Value) -> Bytes {
    document.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_written_once_for_each_base_url() {
        let documents = Documents::default();
        let schemas = Schemas::standard();
        let first = documents.of(&schemas, "https://a.example/scim/v2");
        assert!(Rc::ptr_eq(&first, &documents.of(&schemas, "https://a.example/scim/v2")));
        let other = documents.of(&schemas, "https://b.example/scim/v2").resource_types();
        assert!(std::str::from_utf8(&other).unwrap().contains("https://b.example/scim/v2/ResourceTypes/User"));
    }

    #[test]
    fn changed_schemas_are_shown_at_once() {
        let documents = Documents::default();
        let first = documents.of(&Schemas::standard(), "base");
        let changed = Schemas::with_extensions(Vec::new()).unwrap();
        assert!(!Rc::ptr_eq(&first, &documents.of(&changed, "base")));
    }

    #[test]
    fn base_urls_without_end_take_no_memory_without_end() {
        let documents = Documents::default();
        for host in 0..MOST_BASES * 3 {
            documents.of(&Schemas::standard(), &format!("https://{host}.example"));
        }
        assert!(documents.0.borrow().len() <= MOST_BASES);
    }
}
