//! What is wrong with a profile, and where.

use std::fmt;
use std::ops::Range;

/// Why a profile is refused: the file, the line, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ProfileError {
    /// The file, or what stands for it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what was expected.
    pub sentence: String,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}: {}", self.file, self.line, self.column, self.sentence)
    }
}

/// Something wrong at bytes of the text.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) at: Range<usize>,
    pub(crate) sentence: String,
}

impl Wrong {
    pub(crate) fn at(at: Range<usize>, sentence: impl Into<String>) -> Self {
        Self { at, sentence: sentence.into() }
    }

    /// With the line and column of the first of the bytes.
    pub(crate) fn in_file(self, file: &str, text: &str) -> ProfileError {
        let before = text.get(..self.at.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        ProfileError { file: file.to_owned(), line, column, sentence: self.sentence }
    }
}
