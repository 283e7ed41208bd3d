//! What is aimed for. A missed aim is told, never an error.

use serde::Serialize;

/// On which side of the number a result should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
    /// Nothing is aimed for; the number is for orientation.
    None,
}

/// A number beside its aim.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Aim {
    pub(crate) what: String,
    pub(crate) database: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) aim: Bound,
}

impl Aim {
    /// Whether it was met; `None` without an aim.
    pub(crate) fn is_met(&self) -> Option<bool> {
        match self.aim {
            Bound::AtLeast(least) => Some(self.value >= least),
            Bound::AtMost(most) => Some(self.value <= most),
            Bound::None => None,
        }
    }

    /// The aim, for people.
    pub(super) fn wanted(&self) -> String {
        match self.aim {
            Bound::AtLeast(least) => format!("≥ {least}"),
            Bound::AtMost(most) => format!("≤ {most}"),
            Bound::None => String::new(),
        }
    }

    /// `met`, `missed`, or nothing without an aim.
    pub(super) fn verdict(&self) -> &'static str {
        self.is_met().map_or("", |met| if met { "met" } else { "missed" })
    }

    /// All of it in a line.
    pub(super) fn sentence(&self) -> String {
        let (value, unit) = (self.value, self.unit);
        format!("{} on {}: {value:.2} {unit} {} {}", self.what, self.database, self.wanted(), self.verdict())
    }
}

#[cfg(test)]
mod tests {
    use super::{Aim, Bound};

    #[test]
    fn an_aim_has_a_side() {
        let met = |value, aim| Aim { what: String::new(), database: String::new(), value, unit: "", aim }.is_met();
        assert_eq!(met(0.5, Bound::AtLeast(0.5)), Some(true));
        assert_eq!(met(0.4, Bound::AtLeast(0.5)), Some(false));
        assert_eq!(met(2.1, Bound::AtMost(2.0)), Some(false));
        assert_eq!(met(2.1, Bound::None), None);
    }
}
