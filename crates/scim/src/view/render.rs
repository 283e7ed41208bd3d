//! Answers from stored text.

use serde_json::{Map, Value};

use super::write::Writer;
use super::{Projection, Stored};
use crate::ResourceType;

/// Writes a resource as the client sees it: the stored text, `groups` or `members`, and `meta` with the address under
/// this base URL.
///
/// The text is copied as it is, without building a tree, unless the view or a schema hides part of it.
///
/// # Errors
/// If the stored text must be read and is not JSON.
pub fn render(
    stored: &Stored<'_>,
    base: &str,
    of: &ResourceType,
    view: &Projection,
    out: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    if !of.hides && view.excludes_only(&["members", "groups", "meta"]) {
        splice(stored, base, view, out);
        return Ok(());
    }
    let mut tree = to_tree(stored, base)?;
    view.apply(of, &mut tree);
    serde_json::to_writer(out, &tree)
}

/// The whole resource as a tree: what filters and sorting look at, and what a view takes from.
///
/// # Errors
/// If the stored text is not JSON.
pub fn to_tree(stored: &Stored<'_>, base: &str) -> Result<Map<String, Value>, serde_json::Error> {
    let mut text = Vec::with_capacity(stored.document.len() + 512);
    splice(stored, base, &Projection::default(), &mut text);
    serde_json::from_slice(&text)
}

/// Everything but what the view excludes by name.
fn splice(stored: &Stored<'_>, base: &str, view: &Projection, out: &mut Vec<u8>) {
    let document = stored.document.trim_end();
    let open = document.strip_suffix('}').unwrap_or(document);
    let references = stored.references().filter(|(name, _)| !view.excludes(name));
    out.reserve(open.len() + 320 + references.map_or(0, |(_, all)| all.len() * (base.len() + 160)));
    let mut writer = Writer { out, base };
    writer.raw(open);
    if let Some((name, references)) = references {
        writer.raw(",\"");
        writer.raw(name);
        writer.raw("\":");
        writer.references(name, references);
    }
    if !view.excludes("meta") {
        writer.raw(",\"meta\":");
        writer.meta(stored);
    }
    writer.raw("}");
}
