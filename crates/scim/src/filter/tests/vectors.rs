//! What each operator means.

use super::{ACME, CORE, ENTERPRISE, MANAGER, matches, plain, refusal};

#[test]
fn r096_names_and_operators_have_no_letter_case() {
    plain("userName Eq \"mara.voss@acme.example\"");
    plain("UserName EQ \"mara.voss@acme.example\"");
    plain("USERNAME sW \"mara\" AND NOT (title eq \"x\") Or id PR");
    plain("NAME.FamilyNAME eq \"Voss\"");
}

#[test]
fn r097_not_binds_before_and_and_and_before_or() {
    plain("active eq true or userName eq \"x\" and title eq \"zzz\"");
    assert!(!matches("(active eq true or userName eq \"x\") and title eq \"zzz\""));
    plain("title eq \"zzz\" and userName eq \"x\" or active eq true");
    plain("not (active eq false) or active eq false and title pr");
    assert!(!matches("not (active eq true or title pr) and active eq true"));
}

#[test]
fn r098_not_needs_parentheses() {
    plain("not(title eq \"x\")");
    plain("not (title eq \"x\")");
    assert!(refusal("not title eq \"x\"").contains("parentheses"));
}

#[test]
fn r099_present_means_a_value_that_is_not_empty() {
    plain("title pr");
    assert!(!matches("not (title pr)"));
    assert!(!matches("nickName pr"));
    plain("name pr");
    plain("emails pr and emails.type pr and emails[type pr]");
    assert!(!matches("addresses pr or ims pr or name.middleName pr"));
    let mut tree = super::mara();
    for (name, value) in [("title", "\"\""), ("ims", "[]"), ("photos", "[{\"value\":\"\"}]"), ("name", "{\"x\":null}")]
    {
        tree.insert(name.to_owned(), serde_json::from_str(value).unwrap());
        assert!(!super::parse(&format!("{name} pr")).unwrap().matches(&tree), "{name}");
    }
    let unset = super::parse(&format!("{ACME}:remote pr and {ACME}:remote eq false")).unwrap();
    assert!(unset.matches(&tree), "false is a value");
}

#[test]
fn r100_equality_obeys_case_exact() {
    plain("userName eq \"MARA.VOSS@acme.example\"");
    plain("emails.value eq \"MARA.voss@ACME.example\"");
    plain("externalId eq \"a8d3f0c2-11\"");
    assert!(!matches("externalId eq \"A8D3F0C2-11\""));
    assert!(!matches("id eq \"2819C223-7f76-453a-919d-413861904646\""));
    assert!(!matches("meta.resourceType eq \"user\""));
    assert!(!matches(&format!("{ACME}:code eq \"ab\"")));
    assert!(!matches("externalId co \"D3F\" or externalId gt \"b\""));
}

#[test]
fn r101_not_equal_matches_another_value_and_no_value() {
    plain("title ne \"x\"");
    assert!(!matches("title ne \"r\\\"d LEAD\""));
    plain("nickName ne \"x\"");
    plain("emails.type ne \"work\"");
    assert!(!matches("roles.value ne \"editor\""));
    plain("emails[type ne \"work\"]");
    assert!(!matches("addresses[type ne \"work\"]"));
}

#[test]
fn r102_substrings_are_for_texts() {
    plain("userName co \"VOSS\" and userName sw \"Mara\" and userName ew \".EXAMPLE\"");
    assert!(!matches("userName co \"voss.mara\" or userName sw \"voss\" or userName ew \"mara\""));
    plain("meta.created sw \"2026-11\"");
    for operator in ["co", "sw", "ew"] {
        assert!(refusal(&format!("active {operator} \"t\"")).contains("boolean"));
        assert!(refusal(&format!("{ACME}:grade {operator} 1")).contains("integer"));
        assert!(refusal(&format!("{ACME}:quota {operator} 1")).contains("decimal"));
    }
}

#[test]
fn r103_order_follows_the_type() {
    plain("userName gt \"mara\" and userName lt \"MARB\"");
    plain(&format!("{ACME}:grade gt 9 and {ACME}:grade le 12 and {ACME}:grade lt 12.5"));
    assert!(!matches(&format!("{ACME}:grade ge 100 or {ACME}:grade gt 12.0")));
    plain(&format!("{ACME}:quota eq 5e-1 and {ACME}:quota ge 0.50"));
    for operator in ["gt", "ge", "lt", "le"] {
        assert!(refusal(&format!("active {operator} true")).contains("does not suit active"));
        refusal(&format!("{ACME}:photo {operator} \"AAEC\""));
        refusal(&format!("title {operator} null"));
    }
}

#[test]
fn r103_date_times_are_instants() {
    plain("meta.lastModified gt \"2026-11-03T09:15:30+01:00\"");
    plain("meta.lastModified ge \"2026-11-03T08:15:30.12Z\"");
    plain("meta.lastModified eq \"2026-11-03T03:15:30.120000-05:00\"");
    assert!(!matches("meta.lastModified ne \"2026-11-03T08:15:30.120\""));
    plain(&format!("{ACME}:since lt \"2025-12-31T23:00:00Z\""));
    assert!(refusal("meta.created gt \"yesterday\"").contains("dateTime"));
    assert!(refusal("meta.created gt 2026").contains("dateTime"));
}

#[test]
fn r104_brackets_mean_one_element_dots_mean_any() {
    assert!(!matches("emails[type eq \"work\" and value co \"@home\"]"));
    plain("emails.type eq \"work\" and emails.value co \"@home\"");
    plain("emails[type eq \"home\" and value co \"@home\"]");
    plain("emails[not (type eq \"work\")]");
    plain("emails[type eq \"work\"] and not (emails[type eq \"other\"])");
    plain("name[familyName eq \"voss\"]");
    plain(&format!("{ACME}:tags[value eq \"red\"] and {ACME}:tags eq \"blue\""));
    assert!(!matches(&format!("{ACME}:tags[value eq \"red\" and value eq \"blue\"]")));
}

#[test]
fn r104_what_is_not_primary_says_so_only_where_it_is_asked() {
    plain("emails[primary eq false and type eq \"home\"]");
    plain("emails.primary ne true");
    assert!(!matches("emails[type eq \"home\" and primary pr]"));
    assert!(!matches("addresses.primary eq false"));
    assert!(!matches("roles[primary eq false]"));
}

#[test]
fn r106_names_may_carry_their_urn() {
    plain("urn:ietf:params:scim:schemas:core:2.0:user:USERNAME sw \"mara\"");
    plain(&format!("{ENTERPRISE}:manager.value eq \"{MANAGER}\""));
    plain(&format!("{CORE}:emails[type eq \"work\"] and {CORE}:name.givenName eq \"mara\""));
    plain(&format!("{}:DEPARTMENT eq \"research\"", ENTERPRISE.to_uppercase()));
    plain(&format!("{CORE}:meta.resourceType eq \"User\""));
}

#[test]
fn r107_schemas_is_compared_like_urns() {
    plain(&format!("schemas eq \"{ENTERPRISE}\""));
    plain(&format!("schemas eq \"{}\"", ENTERPRISE.to_uppercase()));
    assert!(!matches(&format!("schemas eq \"{ACME}\"")));
}

#[test]
fn r108_the_resource_type_can_be_asked_for() {
    plain("meta.resourceType eq \"User\"");
    assert!(!matches("meta.resourceType eq \"Group\""));
}

#[test]
fn r111_null_means_no_value() {
    plain("nickName eq null and title ne null");
    assert!(!matches("title eq null or nickName ne null"));
    plain("addresses eq null and emails ne null and emails[display eq null]");
    plain("title ne \"null\"");
}

#[test]
fn r112_what_is_compared_is_what_the_client_is_shown() {
    plain("groups.value eq \"g1\" and groups[display eq \"lead\"]");
    plain("meta.version eq \"W/\\\"3\\\"\"");
}

#[test]
fn long_texts_are_compared_like_short_ones() {
    let mut tree = super::mara();
    let (long, other) = (format!("{}\u{df}", "\u{c4}x".repeat(200)), format!("{}y", "\u{c4}x".repeat(200)));
    tree.insert("title".to_owned(), long.as_str().into());
    tree.insert("nickName".to_owned(), other.as_str().into());
    tree.insert("externalId".to_owned(), long.as_str().into());
    let is = |text: &str| super::parse(text).unwrap().matches(&tree);
    let folded = format!("{}ss", "\u{e4}X".repeat(200));
    assert!(is(&format!("title eq \"{folded}\" and nickName ne \"{folded}\" and externalId ne \"{folded}\"")));
    assert!(is(&format!("title ew \"SS\" and nickName ew \"Y\" and externalId eq \"{long}\"")));
    assert!(!is("title ew \"y\" or nickName ew \"ss\" or externalId ew \"ss\""));
}

#[test]
fn fold_makes_letters_of_any_script_equal() {
    let mut tree = super::mara();
    tree.insert("title".to_owned(), "Stra\u{df}e".into());
    let is = |text: &str| super::parse(text).unwrap().matches(&tree);
    assert!(is("title eq \"STRASSE\"") && is("title co \"ASSE\"") && is("title eq \"stra\\u00DFe\""));
}
