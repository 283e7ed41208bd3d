//! The names of the deviations. `Q` numbers are those of `docs/conformance.md`.

macro_rules! quirks {
    ($($(#[$doc:meta])* $name:ident = $label:literal, $reason:literal;)*) => {
        /// One known deviation from the RFC.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Quirk { $($(#[$doc])* $name,)* }

        impl Quirk {
            /// Every deviation.
            pub const ALL: [Self; [$($label),*].len()] = [$(Self::$name),*];

            /// Its name in metrics and logs.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// Why it deviates, as a strict tenant's client is told.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)* }
            }
        }
    };
}

quirks! {
    /// Q1: a boolean sent as `"True"` or `"false"` (Entra, OneLogin, Keycloak).
    StringBoolean = "string_boolean", "RFC 7643 section 2.3.2 wants a JSON boolean";
    /// Q2: `Add`, `Replace`, `Remove` in another letter case (Entra).
    OperationCase = "operation_case", "RFC 7644 section 3.5.2 spells op in lower case";
    /// Q3: a PATCH without path whose value has keys that are paths (Entra).
    PathKeys = "path_keys", "the keys of a PATCH value without path are attribute names, not paths";
    /// Q4, Q5, Q39: id, meta, groups or schemas sent back inside a PATCH value (Okta, authentik).
    ReadOnlyNoise = "read_only_noise", "readOnly attributes cannot be patched (RFC 7644 section 3.5.2)";
    /// Q7: `emails[type eq "work"].value eq "x"` as a filter (Entra).
    ComparedValuePath = "compared_value_path", "RFC 7644 figure 1 has no comparison after a value path";
    /// Q8: a value path that matches nothing creates its element (Entra).
    CreatedElement = "created_element", "a value path that matches nothing is noTarget (RFC 7644 section 3.5.2.3)";
    /// Q9: a boolean compared with a string literal (Entra).
    BooleanAsString = "boolean_as_string", "a boolean attribute is compared with true or false, without quotes";
    /// Q10: a role value that is JSON text in a string (Entra).
    JsonInString = "json_in_string", "a role's value is a string, not JSON inside a string";
    /// Q11: a complex attribute sent as its plain value, such as manager (Entra).
    ValueForComplex = "value_for_complex", "a complex attribute is an object with sub-attributes";
    /// Q11: an extension attribute named without its URN.
    UnqualifiedExtension = "unqualified_extension", "extension attributes are named with their schema URN (RFC 7644 section 3.10)";
    /// A dot between the URN of a schema and the attribute, where the colon belongs.
    DottedUrn = "dotted_urn", "a colon stands between the URN of a schema and the attribute (RFC 7644 section 3.10)";
    /// Q12: a remove that names the elements in `value` (Entra, JumpCloud, authentik).
    RemoveByValue = "remove_by_value", "remove has no value (RFC 7644 section 3.5.2.2); use a value path";
    /// Q16, R83: a remove whose value path matches nothing (Entra sends one for what it already removed).
    NothingToRemove = "nothing_to_remove", "a value path that matches nothing is noTarget (RFC 7644 table 9)";
    /// Q17: `null` inside elements, such as `"$ref": null` (Entra).
    NullMember = "null_member", "leave out what has no value";
    /// Q18, Q31: an empty string for no value (Entra, Okta, OneLogin).
    EmptyString = "empty_string", "an attribute without a value is absent, null or [] (RFC 7643 section 2.5)";
    /// Q24: a filter literal without quotes (authentik, Entra's samples).
    BareLiteral = "bare_literal", "a string in a filter stands in double quotes";
    /// Q26: no space between operator and quote, or single quotes.
    LooseFilter = "loose_filter", "the filter grammar of RFC 7644 figure 1 wants one space and double quotes";
    /// Q22, Q23: a complex attribute compared without naming its sub-attribute (Ping, Entra).
    ComparedComplex = "compared_complex", "name the sub-attribute that is compared (RFC 7644 section 3.4.2.2)";
    /// An empty `filter=`.
    EmptyFilter = "empty_filter", "a filter contains one expression";
    /// Q35: `schemas` names a URN that is not known here, or lacks one that is used (Entra).
    SchemasMismatch = "schemas_mismatch", "schemas lists exactly the URNs in use (RFC 7643 section 3)";
    /// Q36: core 1.0 URNs (OneLogin).
    CoreOne = "core_1_0", "SCIM 1.1 URNs are not SCIM 2.0";
    /// Q36, R91: a single object where an array belongs (OneLogin).
    SingleForArray = "single_for_array", "a multi-valued attribute is an array";
    /// Q11: an array of one object where a single object belongs (Entra's `manager`).
    ArrayForSingle = "array_for_single", "a single-valued attribute is not an array";
    /// Q37: more than one element is primary (PingOne).
    SeveralPrimary = "several_primary", "primary is true at most once (RFC 7643 section 2.4)";
    /// Q42: a PATCH without operations (Entra's validator).
    NoOperations = "no_operations", "a PATCH has at least one operation";
    /// Q48: an attribute that no schema has.
    UnknownAttribute = "unknown_attribute", "the attribute is in no schema of this tenant; add an extension schema for it";
    /// Q49: `schemas` of a message in odd letter case, or missing.
    MessageSchemas = "message_schemas", "the message names its schema (RFC 7644 section 3.1)";
    /// Q51: a PATCH path into an unknown extension (Entra).
    UnknownExtensionPath = "unknown_extension_path", "the path names an attribute that no schema of this tenant has";
    /// RFC 7644 section 3.7.3, as printed: the operations of a PATCH in a bulk without their message around them.
    BareOperations = "bare_operations", "the data of a PATCH is a whole PatchOp message (RFC 7644 erratum 5050)";
    /// A member of an operation that does not belong there, `"path": null`, or a member name in odd letter case.
    ForeignMember = "foreign_member", "a PATCH operation has op, path and value";
    /// A number or boolean sent where a string belongs, or the reverse.
    Coerced = "coerced", "the JSON type must be the attribute's type (RFC 7643 section 2.3)";
    /// SCIM 1.1 wording such as `manager.managerId` (OneLogin), or a role's `displayName` for `display` (Entra).
    OldWording = "old_wording", "the sub-attribute has another name in SCIM 2.0";
}
