//! A text with places that are filled: `Hello {name}`.

use std::fmt::Write as _;

/// A text that was checked: every place in it is one that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(String);

impl Template {
    /// Reads a text whose places are among these.
    ///
    /// # Errors
    /// A sentence that names the place that there is not.
    pub(crate) fn parse(text: &str, places: &[&str]) -> Result<Self, String> {
        let known = || places.iter().map(|place| format!("{{{place}}}")).collect::<Vec<_>>().join(", ");
        for piece in text.split('{').skip(1) {
            let Some((place, _)) = piece.split_once('}') else {
                return Err(format!("\"{{\" begins a place and has no \"}}\"; there are {}", known()));
            };
            if !places.contains(&place) {
                return Err(format!("there is no place {{{place}}}; there are {}", known()));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it has this place.
    pub(crate) fn has(&self, place: &str) -> bool {
        self.0.contains(&format!("{{{place}}}"))
    }

    /// The text with all its places filled. What fills one is never looked through for places.
    #[must_use]
    pub fn fill<'a>(&self, value: impl Fn(&str) -> &'a str) -> String {
        let mut pieces = self.0.split('{');
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (place, rest) = piece.split_once('}').unwrap_or((piece, ""));
            // Writing into a text cannot fail.
            let _ = write!(filled, "{}{rest}", value(place));
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let template = Template::parse("{a}, {b}: {a}!", &["a", "b"]).unwrap();
        assert_eq!(template.fill(|place| if place == "a" { "{b}" } else { "2" }), "{b}, 2: {b}!");
        assert!(template.has("a") && !template.has("c"));
    }

    #[test]
    fn a_place_that_there_is_not_is_named() {
        let refused = |text| Template::parse(text, &["link"]).unwrap_err();
        assert_eq!(refused("{name}"), "there is no place {name}; there are {link}");
        assert!(refused("see {link").contains("has no \"}\""));
    }
}
