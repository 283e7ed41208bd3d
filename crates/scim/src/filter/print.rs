//! The canonical text of filters; reading it again gives the same filter.

use std::fmt::{self, Display, Formatter, Write};

use super::{Comparison, Filter};
use crate::AttributePath;

impl Display for Filter {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write_filter(self, Place::Resource, out)
    }
}

/// Where names stand: in full, or inside brackets as sub-attributes.
#[derive(Clone, Copy)]
enum Place {
    Resource,
    Element,
}

/// Writes a filter that stands inside brackets.
pub(crate) fn write_bracketed(filter: &Filter, out: &mut Formatter<'_>) -> fmt::Result {
    out.write_char('[')?;
    write_filter(filter, Place::Element, out)?;
    out.write_char(']')
}

fn write_filter(filter: &Filter, place: Place, out: &mut Formatter<'_>) -> fmt::Result {
    match filter {
        Filter::And(filters) => write_joined(filters, " and ", place, out),
        Filter::Or(filters) => write_joined(filters, " or ", place, out),
        Filter::Not(filter) => {
            out.write_str("not (")?;
            write_filter(filter, place, out)?;
            out.write_char(')')
        }
        Filter::Present(path) => {
            write_name(path, place, out)?;
            out.write_str(" pr")
        }
        Filter::Compare(comparison) => write_comparison(comparison, place, out),
        Filter::Element { attribute, filter } => {
            write!(out, "{attribute}")?;
            write_bracketed(filter, out)
        }
        // The grammar has no word for it; every resource has an id.
        Filter::Nothing => out.write_str("not (id pr)"),
    }
}

fn write_joined(filters: &[Filter], word: &str, place: Place, out: &mut Formatter<'_>) -> fmt::Result {
    for (position, filter) in filters.iter().enumerate() {
        if position > 0 {
            out.write_str(word)?;
        }
        if word == " and " && matches!(filter, Filter::Or(_)) {
            out.write_char('(')?;
            write_filter(filter, place, out)?;
            out.write_char(')')?;
        } else {
            write_filter(filter, place, out)?;
        }
    }
    Ok(())
}

fn write_comparison(comparison: &Comparison, place: Place, out: &mut Formatter<'_>) -> fmt::Result {
    write_name(&comparison.path, place, out)?;
    write!(out, " {} ", comparison.operator.as_str())?;
    write!(out, "{}", comparison.literal.to_value())
}

fn write_name(path: &AttributePath, place: Place, out: &mut Formatter<'_>) -> fmt::Result {
    match (place, &path.sub) {
        (Place::Resource, _) => write!(out, "{path}"),
        (Place::Element, Some(sub)) => out.write_str(&sub.name),
        (Place::Element, None) => out.write_str("value"),
    }
}
