//! The form in which texts are compared when letter case does not matter (RFC 7644 section 5).

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Folds text so that two texts that differ in letter case, in width or in how accents are encoded become equal.
///
/// As RFC 8265 asks for user names: full-width and half-width forms are mapped, letter case is folded, and the result
/// is in normalization form C. The folding is the full one of Unicode (`Straße` equals `STRASSE`), and the same for
/// storing and for comparing. ASCII text that is folded already costs no allocation.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(fold_unicode(text));
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

/// Canonical caseless matching (Unicode section 3.13, D145): decompose, fold, and compose at the end.
fn fold_unicode(text: &str) -> String {
    let decomposed: String = text.chars().flat_map(narrow).nfd().collect();
    unicase::UniCase::unicode(decomposed).to_folded_case().nfc().collect()
}

/// The width mapping of RFC 8265 section 3.3.1; the forms have compatibility decompositions and stand in one block,
/// apart from the ideographic space.
fn narrow(character: char) -> impl Iterator<Item = char> {
    let wide = matches!(character, '\u{3000}' | '\u{FF01}'..='\u{FFEE}');
    let mapped = wide.then(|| std::iter::once(character).nfkd());
    let kept = (!wide).then_some(character);
    mapped.into_iter().flatten().chain(kept)
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn r042_names_are_folded_by_unicode_not_by_ascii() {
        assert_eq!(fold("Stra\u{df}e"), fold("STRASSE"));
        assert_eq!(fold("\u{c4}DA"), fold("a\u{308}da"));
        assert_eq!(fold("\u{130}"), "i\u{307}");
        assert_ne!(fold("\u{131}"), fold("i"));
        assert_eq!(fold("\u{3a3}\u{391}\u{3a3}"), fold("\u{3c3}\u{3b1}\u{3c2}"));
    }

    #[test]
    fn r042_width_does_not_matter() {
        assert_eq!(fold("\u{ff21}\u{ff44}\u{ff41}\u{ff20}acme\u{3000}x"), "ada@acme x");
        assert_eq!(fold("\u{ff76}\u{ff9e}"), fold("\u{30ac}"));
        assert_ne!(fold("\u{2460}"), fold("1"), "other compatibility forms stay apart");
    }

    #[test]
    fn folded_ascii_is_borrowed() {
        assert!(matches!(fold("ada@acme.example"), std::borrow::Cow::Borrowed(_)));
        assert_eq!(fold("Ada@Acme.example"), "ada@acme.example");
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in ".*") {
            let once = fold(&text).into_owned();
            proptest::prop_assert_eq!(fold(&once), once.as_str());
        }
    }
}
