//! The place in the text of a filter or path that is read next.

use std::borrow::Cow;

use crate::ScimError;

/// How much white space the grammar wants at one place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// None at all.
    None,
    /// One space.
    One,
    /// One space or none (after `not`: the grammar has none, the RFC's samples have one).
    Optional,
}

/// A literal as it stands in the text.
#[derive(Debug, PartialEq)]
pub(crate) enum RawLiteral<'a> {
    /// In double quotes, escapes resolved.
    Quoted(Cow<'a, str>),
    /// In single quotes.
    SingleQuoted(&'a str),
    /// Without quotes: `true`, `12`, or a text that forgot them.
    Bare(&'a str),
}

/// Reads a text from left to right. White space that is not as the grammar wants it is accepted and remembered.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a str,
    loose: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text, loose: false }
    }

    /// Whether white space deviated from the grammar somewhere.
    pub(crate) fn is_loose(&self) -> bool {
        self.loose
    }

    /// What is still unread.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn next_is(&self, byte: u8) -> bool {
        self.rest.as_bytes().first() == Some(&byte)
    }

    /// Takes this character if it is next.
    pub(crate) fn take(&mut self, character: char) -> bool {
        match self.rest.strip_prefix(character) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Skips white space, and notes whether it was what the grammar wants.
    pub(crate) fn skip_gap(&mut self, wanted: Gap) {
        let trimmed = self.rest.trim_start_matches(is_space);
        let gap = self.rest.get(..self.rest.len() - trimmed.len()).unwrap_or_default();
        self.loose |= match wanted {
            Gap::None => !gap.is_empty(),
            Gap::One => gap != " ",
            Gap::Optional => gap.len() > 1,
        };
        self.rest = trimmed;
    }

    /// Takes a name: everything up to white space, a parenthesis, a bracket or a quote.
    pub(crate) fn take_word(&mut self) -> &'a str {
        self.take_while(|byte| !is_delimiter(byte))
    }

    /// Takes an operator; a quote may follow it at once.
    pub(crate) fn take_operator(&mut self) -> &'a str {
        self.take_while(|byte| !is_delimiter(byte) && byte != b'\'')
    }

    /// Takes this keyword (in any letter case) with one space before it and one behind it, or nothing.
    pub(crate) fn take_keyword(&mut self, keyword: &str) -> bool {
        let mut ahead = self.clone();
        ahead.skip_gap(Gap::One);
        let found = ahead.take_word().eq_ignore_ascii_case(keyword);
        if found {
            ahead.skip_gap(Gap::One);
            *self = ahead;
        }
        found
    }

    /// Takes a literal; a bare one ends at white space, at `)` and, inside brackets, at `]`.
    pub(crate) fn take_literal(&mut self, in_brackets: bool) -> Result<RawLiteral<'a>, ScimError> {
        match self.rest.as_bytes().first() {
            Some(b'"') => self.take_quoted(),
            Some(b'\'') => self.take_single_quoted(),
            _ => {
                let bare = |byte: u8| !is_space(byte.into()) && byte != b')' && byte != b'"';
                Ok(RawLiteral::Bare(self.take_while(|byte| bare(byte) && !(in_brackets && byte == b']'))))
            }
        }
    }

    /// A JSON string (RFC 8259 section 7).
    fn take_quoted(&mut self) -> Result<RawLiteral<'a>, ScimError> {
        let bytes = self.rest.as_bytes();
        let mut escaped = false;
        let mut position = 1;
        loop {
            match bytes.get(position) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    position += 2;
                }
                Some(byte) if *byte >= b' ' => position += 1,
                Some(_) => {
                    return Err(ScimError::invalid_filter("a string in a filter contains a raw control character"));
                }
                None => return Err(ScimError::invalid_filter("a string in the filter has no closing quote")),
            }
        }
        let quoted = self.split_at(position + 1);
        if escaped {
            return serde_json::from_str(quoted).map(|text| RawLiteral::Quoted(Cow::Owned(text))).map_err(|_| {
                ScimError::invalid_filter("a string in the filter has an escape that JSON does not know")
            });
        }
        Ok(RawLiteral::Quoted(Cow::Borrowed(quoted.get(1..position).unwrap_or_default())))
    }

    // The closing quote is the first one that ends a literal, so that 'O'Brien' stays whole.
    fn take_single_quoted(&mut self) -> Result<RawLiteral<'a>, ScimError> {
        let closing = self
            .rest
            .match_indices('\'')
            .skip(1)
            .map(|(position, _)| position)
            .find(|position| self.rest.as_bytes().get(position + 1).is_none_or(|byte| is_delimiter(*byte)));
        let closing =
            closing.ok_or_else(|| ScimError::invalid_filter("a string in the filter has no closing quote"))?;
        let quoted = self.split_at(closing + 1);
        Ok(RawLiteral::SingleQuoted(quoted.get(1..closing).unwrap_or_default()))
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let length = self.rest.bytes().position(|byte| !wanted(byte)).unwrap_or(self.rest.len());
        self.split_at(length)
    }

    fn split_at(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'(' | b')' | b'[' | b']' | b'"')
}
