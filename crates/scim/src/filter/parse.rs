//! The grammar of RFC 7644 figure 1, as a recursive descent of bounded depth.

use super::cursor::{Cursor, Gap, RawLiteral};
use super::names::{Scope, Unknown, shown};
use super::typed;
use super::{Filter, MAX_FILTER_DEPTH, MAX_FILTER_LENGTH, MAX_FILTER_TERMS, Operator};
use crate::{AttributePath, Dialect, Kind, Quirk, ResourceKind, ResourceType, Schema, Schemas, ScimError};

impl Filter {
    /// Reads a filter on the resources of one type.
    ///
    /// # Errors
    /// `invalidFilter` with what is wrong: the grammar, an attribute this type does not have or never shows, an operator
    /// or literal that does not suit the attribute, or a bound.
    pub fn parse(text: &str, of: &ResourceType, dialect: &mut Dialect) -> Result<Self, ScimError> {
        Parser::new(text, of, Unknown::Refused, dialect)?.whole()
    }

    /// Reads a filter of a query over all types, as it applies to one of them: what that type does not have has no
    /// value (RFC 7644 section 3.4.2.1). Where that decides the answer, it is [`Filter::Nothing`].
    ///
    /// # Errors
    /// As [`Filter::parse`], except for unknown attributes.
    pub fn parse_root(
        text: &str,
        schemas: &Schemas,
        kind: ResourceKind,
        dialect: &mut Dialect,
    ) -> Result<Self, ScimError> {
        Parser::new(text, schemas.of(kind), Unknown::NoValue, dialect)?.whole()
    }
}

/// Reads filters, and the bracketed part of paths.
pub(crate) struct Parser<'a> {
    pub(crate) cursor: Cursor<'a>,
    pub(super) of: &'a ResourceType,
    pub(super) unknown: Unknown,
    pub(crate) dialect: &'a mut Dialect,
    depth: usize,
    terms: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(
        text: &'a str,
        of: &'a ResourceType,
        unknown: Unknown,
        dialect: &'a mut Dialect,
    ) -> Result<Self, ScimError> {
        if text.len() > MAX_FILTER_LENGTH {
            return Err(ScimError::invalid_filter(format!("the expression is longer than {MAX_FILTER_LENGTH} bytes")));
        }
        Ok(Self { cursor: Cursor::new(text), of, unknown, dialect, depth: 0, terms: 0 })
    }

    fn whole(mut self) -> Result<Filter, ScimError> {
        self.cursor.skip_gap(Gap::None);
        if self.cursor.is_at_end() {
            return Err(ScimError::invalid_filter("the filter is empty"));
        }
        let filter = self.alternatives(Scope::Resource)?;
        self.finish()?;
        Ok(filter)
    }

    /// Nothing may be left, and white space was as the grammar wants it or is repaired.
    pub(crate) fn finish(&mut self) -> Result<(), ScimError> {
        self.cursor.skip_gap(Gap::None);
        if !self.cursor.is_at_end() {
            let rest = shown(self.cursor.rest());
            return Err(ScimError::invalid_filter(format!("expected and, or, or the end instead of {rest}")));
        }
        self.settle_gaps()
    }

    /// White space so far was as the grammar wants it, or is repaired.
    pub(crate) fn settle_gaps(&mut self) -> Result<(), ScimError> {
        if !self.cursor.is_loose() {
            return Ok(());
        }
        let refusal = || ScimError::invalid_filter("white space is missing or superfluous in the filter");
        self.dialect.repair(Quirk::LooseFilter, refusal)
    }

    // `or` binds loosest, then `and`, then `not` (RFC 7644 section 3.4.2.2).
    fn alternatives(&mut self, scope: Scope<'_>) -> Result<Filter, ScimError> {
        let first = self.conjunction(scope)?;
        if !self.cursor.take_keyword("or") {
            return Ok(first);
        }
        let mut filters = vec![first, self.conjunction(scope)?];
        while self.cursor.take_keyword("or") {
            filters.push(self.conjunction(scope)?);
        }
        Ok(Filter::any(filters))
    }

    fn conjunction(&mut self, scope: Scope<'_>) -> Result<Filter, ScimError> {
        let first = self.term(scope)?;
        if !self.cursor.take_keyword("and") {
            return Ok(first);
        }
        let mut filters = vec![first, self.term(scope)?];
        while self.cursor.take_keyword("and") {
            filters.push(self.term(scope)?);
        }
        Ok(Filter::all(filters))
    }

    fn term(&mut self, scope: Scope<'_>) -> Result<Filter, ScimError> {
        if self.cursor.take('(') {
            return self.enclosed(')', scope);
        }
        let word = self.cursor.take_word();
        if !word.eq_ignore_ascii_case("not") {
            return self.expression(word, scope);
        }
        self.cursor.skip_gap(Gap::Optional);
        if !self.cursor.take('(') {
            return Err(ScimError::invalid_filter("not is followed by a filter in parentheses"));
        }
        Ok(Filter::negation(self.enclosed(')', scope)?))
    }

    /// A filter up to the closing character, one level deeper.
    fn enclosed(&mut self, closing: char, scope: Scope<'_>) -> Result<Filter, ScimError> {
        self.depth += 1;
        if self.depth > MAX_FILTER_DEPTH {
            return Err(ScimError::invalid_filter(format!("the filter nests deeper than {MAX_FILTER_DEPTH} levels")));
        }
        self.cursor.skip_gap(Gap::None);
        let filter = self.alternatives(scope)?;
        self.cursor.skip_gap(Gap::None);
        if !self.cursor.take(closing) {
            let found = self.found();
            return Err(ScimError::invalid_filter(format!("expected and, or, or {closing} instead of {found}")));
        }
        self.depth -= 1;
        Ok(filter)
    }

    fn expression(&mut self, name: &str, scope: Scope<'_>) -> Result<Filter, ScimError> {
        if name.is_empty() {
            let found = self.found();
            return Err(ScimError::invalid_filter(format!("expected an attribute name instead of {found}")));
        }
        if let Some(schema) = self.extension(name, scope) {
            return self.extension_present(schema);
        }
        let path = self.attribute(name, scope)?;
        if self.cursor.next_is(b'[') {
            return self.value_path(path, scope);
        }
        self.predicate(path, scope)
    }

    /// `pr`, or an operator and a literal.
    fn predicate(&mut self, path: Option<AttributePath>, scope: Scope<'_>) -> Result<Filter, ScimError> {
        self.count_term()?;
        self.cursor.skip_gap(Gap::One);
        let word = self.cursor.take_operator();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(path.map_or(Filter::Nothing, Filter::Present));
        }
        let operator = Operator::parse(word).ok_or_else(|| no_operator(word))?;
        self.cursor.skip_gap(Gap::One);
        let literal = self.cursor.take_literal(scope.is_bracketed())?;
        if literal == RawLiteral::Bare("") {
            return Err(ScimError::invalid_filter(format!("{} is followed by a value", operator.as_str())));
        }
        match path {
            Some(path) => typed::comparison(path, operator, &literal, self.dialect).map(Filter::Compare),
            None => Ok(without_value(operator, &literal)),
        }
    }

    /// `urn:…:User pr`: the resource has some attribute of the extension (PATCH names extensions in the same way, RFC 7644
    /// section 3.5.2).
    fn extension_present(&mut self, schema: &'a Schema) -> Result<Filter, ScimError> {
        self.cursor.skip_gap(Gap::One);
        if !self.cursor.take_operator().eq_ignore_ascii_case("pr") {
            let refusal =
                format!("{} is a whole extension; only pr suits it, or name one of its attributes", schema.id);
            return Err(ScimError::invalid_filter(refusal));
        }
        let mut filters = Vec::with_capacity(schema.attributes.len());
        for path in self.shown_attributes(schema) {
            self.count_term()?;
            filters.push(Filter::Present(path));
        }
        Ok(Filter::any(filters))
    }

    fn count_term(&mut self) -> Result<(), ScimError> {
        self.terms += 1;
        if self.terms > MAX_FILTER_TERMS {
            let refusal = format!("the filter has more than {MAX_FILTER_TERMS} expressions");
            return Err(ScimError::invalid_filter(refusal));
        }
        Ok(())
    }

    fn value_path(&mut self, attribute: Option<AttributePath>, scope: Scope<'_>) -> Result<Filter, ScimError> {
        if scope.is_bracketed() {
            return Err(ScimError::invalid_filter("value paths do not nest"));
        }
        let scope = attribute.as_ref().map_or(Scope::Unknown, Scope::Elements);
        let mut filter = self.bracketed(attribute.as_ref())?;
        if self.cursor.take('.') {
            filter = Filter::all(vec![filter, self.compared_value_path(scope)?]);
        }
        Ok(attribute.map_or(Filter::Nothing, |attribute| Filter::element(attribute, filter)))
    }

    /// Entra compares behind a value path: `emails[type eq "work"].value eq "x"`. It means the same element.
    fn compared_value_path(&mut self, scope: Scope<'_>) -> Result<Filter, ScimError> {
        let refusal = || ScimError::invalid_filter("a value path in a filter ends with its bracket");
        self.dialect.repair(Quirk::ComparedValuePath, refusal)?;
        let name = self.cursor.take_word();
        let path = self.attribute(name, scope)?;
        self.predicate(path, Scope::Resource)
            .map(|filter| if matches!(scope, Scope::Unknown) { Filter::Nothing } else { filter })
    }

    /// `[` a filter on the elements of an attribute `]`.
    pub(crate) fn bracketed(&mut self, attribute: Option<&AttributePath>) -> Result<Filter, ScimError> {
        self.cursor.take('[');
        let Some(path) = attribute else {
            return self.enclosed(']', Scope::Unknown);
        };
        if !Self::has_elements(path) {
            return Err(ScimError::invalid_filter(format!(
                "{path} has no elements; [ ] belongs to a complex attribute"
            )));
        }
        self.enclosed(']', Scope::Elements(path))
    }

    /// Whether brackets may follow this attribute.
    pub(crate) fn has_elements(path: &AttributePath) -> bool {
        path.sub.is_none() && (path.attribute.multi_valued || path.attribute.kind == Kind::Complex)
    }

    fn found(&self) -> String {
        if self.cursor.is_at_end() { "the end".to_owned() } else { shown(self.cursor.rest()) }
    }
}

/// What a comparison says about an attribute without value.
fn without_value(operator: Operator, literal: &RawLiteral<'_>) -> Filter {
    match (operator, typed::is_null(literal)) {
        (Operator::Equal, true) | (Operator::NotEqual, false) => Filter::negation(Filter::Nothing),
        _ => Filter::Nothing,
    }
}

fn no_operator(word: &str) -> ScimError {
    let word = shown(word);
    ScimError::invalid_filter(format!("{word} is no operator; there are eq, ne, co, sw, ew, gt, ge, lt, le and pr"))
}
