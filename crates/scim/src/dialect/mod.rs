//! What clients send beside the RFC: each deviation has a name, is repaired in one place, and is counted.

mod quirk;
#[cfg(test)]
mod tests;

pub use quirk::Quirk;

use crate::ScimError;

/// How forgiving one tenant is, and what had to be forgiven in this request.
///
/// Every parser takes a `&mut Dialect` and calls [`Dialect::repair`] where it deviates from the RFC. A strict dialect
/// turns that into a refusal with the reason.
///
/// ```
/// use scim::{Dialect, Filter, Quirk, ResourceKind, Schemas};
///
/// let schemas = Schemas::standard();
/// let users = schemas.of(ResourceKind::User);
/// let unquoted = "userName eq ada@acme.example";
///
/// let mut dialect = Dialect::lenient();
/// Filter::parse(unquoted, users, &mut dialect).unwrap();
/// assert!(dialect.repaired().contains(Quirk::BareLiteral));
///
/// let refusal = Filter::parse(unquoted, users, &mut Dialect::strict()).unwrap_err();
/// assert!(refusal.detail.contains("double quotes"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    strict: bool,
    repaired: Quirks,
}

impl Dialect {
    /// Accepts every known deviation.
    #[must_use]
    pub const fn lenient() -> Self {
        Self { strict: false, repaired: Quirks(0) }
    }

    /// Refuses every deviation.
    #[must_use]
    pub const fn strict() -> Self {
        Self { strict: true, repaired: Quirks(0) }
    }

    /// Whether deviations are refused.
    #[must_use]
    pub const fn is_strict(self) -> bool {
        self.strict
    }

    /// Notes that a deviation was repaired, or refuses it with the reason if this dialect is strict.
    ///
    /// # Errors
    /// The error built by `refusal`, its sentence completed by the name of the deviation, in a strict dialect.
    pub fn repair(&mut self, quirk: Quirk, refusal: impl FnOnce() -> ScimError) -> Result<(), ScimError> {
        if self.strict {
            let mut refusal = refusal();
            refusal.detail = format!("{} (this tenant is strict: {})", refusal.detail, quirk.reason());
            return Err(refusal);
        }
        self.repaired.insert(quirk);
        Ok(())
    }

    /// What was repaired so far.
    #[must_use]
    pub const fn repaired(self) -> Quirks {
        self.repaired
    }

    /// Adds what another part of the same request had to repair.
    pub fn absorb(&mut self, other: Self) {
        self.repaired.0 |= other.repaired.0;
    }
}

/// A set of [`Quirk`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks(u64);

impl Quirks {
    fn insert(&mut self, quirk: Quirk) {
        self.0 |= 1 << quirk as u64;
    }

    /// Whether nothing was repaired.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this deviation was repaired.
    #[must_use]
    pub const fn contains(self, quirk: Quirk) -> bool {
        self.0 & (1 << quirk as u64) != 0
    }

    /// The deviations in the set.
    pub fn iter(self) -> impl Iterator<Item = Quirk> {
        Quirk::ALL.into_iter().filter(move |quirk| self.contains(*quirk))
    }
}
