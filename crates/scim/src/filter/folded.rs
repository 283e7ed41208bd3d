//! The texts of one resource in the form in which they are compared.

use std::collections::HashMap;

use super::Text;
use crate::fold;

/// From this length on a text is folded once for all expressions of a filter: folding a text of a megabyte takes a tenth
/// of a second, and a filter may ask for it hundreds of times.
const LONG: usize = 256;

/// The long texts that were folded so far, by where they are.
#[derive(Default)]
pub(super) struct Folded<'a>(HashMap<*const u8, String>, std::marker::PhantomData<&'a str>);

impl<'a> Folded<'a> {
    /// Decides about a value and a literal, both as they are if letter case matters, else both folded.
    pub(super) fn with_case<T>(&mut self, text: &Text, value: &'a str, decide: impl FnOnce(&str, &str) -> T) -> T {
        if text.is_case_exact() {
            return decide(value, text.as_sent());
        }
        if value.len() < LONG {
            return decide(&fold(value), text.folded());
        }
        decide(self.0.entry(value.as_ptr()).or_insert_with(|| fold(value).into_owned()), text.folded())
    }
}
