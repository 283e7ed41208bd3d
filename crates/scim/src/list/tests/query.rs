//! Query strings.

use super::{cursor, index, query, refusal};
use crate::{Dialect, ListQuery, Page, Projection, Quirk, ResourceKind, Schemas, ScimType};

#[test]
fn nothing_asked_is_the_first_page_of_everything() {
    let page = Page::Index { start: 1, count: None };
    let expected = ListQuery { filter: None, sort_by: None, descending: false, page, view: Projection::default() };
    assert_eq!(query(""), expected);
    assert_eq!(query("&&"), expected);
}

#[test]
fn r010_unknown_parameters_are_ignored() {
    assert_eq!(query("aadOptscim062020&_=17&_=18&access_token=%ff&x%=1"), query(""));
}

#[test]
fn r096_parameters_are_known_in_any_letter_case() {
    assert_eq!(index("STARTINDEX=3&Count=4"), (3, Some(4)));
    assert_eq!(query("sortby=x&SORTORDER=DESCENDING"), query("sortBy=x&sortOrder=descending"));
}

#[test]
fn q27_r114_the_query_is_decoded_once() {
    let filter = |text: &str| query(&format!("filter={text}")).filter.unwrap();
    assert_eq!(filter("userName+eq+%22a%2Bb%40x%22"), "userName eq \"a+b@x\"");
    assert_eq!(filter("userName%20eq%20%22a%252Bb%22"), "userName eq \"a%2Bb\"");
    assert_eq!(filter("title eq \"a=b\""), "title eq \"a=b\"");
    assert_eq!(filter("title%20eq%20%22M%C3%BCller%26Co%22"), "title eq \"M\u{fc}ller&Co\"");
    assert_eq!(filter("title co \"100%\" or title co \"%zz%2\""), "title co \"100%\" or title co \"%zz%2\"");
    assert_eq!(query("%66ilter=id%20pr").filter.as_deref(), Some("id pr"));
    assert!(refusal(ListQuery::from_query("filter=%ff")).contains("UTF-8"));
}

#[test]
fn r113_an_empty_filter_counts_as_none_unless_the_tenant_is_strict() {
    let schemas = Schemas::standard();
    let user = schemas.of(ResourceKind::User);
    for text in ["filter", "filter=", "filter=+"] {
        let mut dialect = Dialect::lenient();
        assert_eq!(query(text).parse_filter(user, &mut dialect), Ok(None));
        assert_eq!(query(text).parse_root_filter(&schemas, ResourceKind::Group, &mut dialect), Ok(None));
        assert_eq!(dialect.repaired().iter().collect::<Vec<_>>(), [Quirk::EmptyFilter]);
        let error = query(text).parse_filter(user, &mut Dialect::strict()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidFilter));
    }
    let filter = query("filter=userName+pr").parse_filter(user, &mut Dialect::strict()).unwrap().unwrap();
    assert_eq!(filter.to_string(), "userName pr");
    let unknown = query("filter=members+pr");
    assert!(unknown.parse_filter(user, &mut Dialect::strict()).is_err());
    assert!(unknown.parse_root_filter(&schemas, ResourceKind::User, &mut Dialect::strict()).unwrap().is_some());
}

#[test]
fn a_parameter_given_twice_is_refused() {
    assert_eq!(refusal(ListQuery::from_query("filter=id+pr&Filter=id+pr")), "filter is given twice");
    assert_eq!(refusal(ListQuery::from_query("count=1&count=1")), "count is given twice");
    assert_eq!(refusal(ListQuery::from_query("cursor&cursor=")), "cursor is given twice");
}

#[test]
fn r116_attributes_and_excluded_attributes_exclude_each_other() {
    assert!(refusal(ListQuery::from_query("attributes=userName&excludedAttributes=members")).contains("not both"));
    assert_eq!(
        query("attributes=userName%2Cemails&excludedAttributes=").view.to_string(),
        "attributes=userName,emails"
    );
    assert_eq!(query("excludedAttributes=members").view.to_string(), "excludedAttributes=members");
}

#[test]
fn r123_positions_out_of_range_are_moved_into_it() {
    assert_eq!(index("startIndex=0&count=2"), (1, Some(2)));
    assert_eq!(index("startIndex=-7&count=-3"), (1, Some(0)));
    assert_eq!(index("startIndex=999&count=0"), (999, Some(0)));
    assert_eq!(index("startIndex=99999999999999999999999&count=99999999999999999999999"), {
        (i64::MAX.unsigned_abs(), Some(u32::MAX))
    });
    assert_eq!(index("count=-99999999999999999999999"), (1, Some(0)));
    assert_eq!(index("startIndex=&count="), (1, None));
}

#[test]
fn r123_what_is_no_number_is_refused() {
    for text in ["abc", "1.5", "1e3", "-", "--1", "0x10", "1%202", "\u{664}"] {
        assert_eq!(refusal(ListQuery::from_query(&format!("count={text}"))), "count is a whole number", "{text}");
        assert_eq!(refusal(ListQuery::from_query(&format!("startIndex={text}"))), "startIndex is a whole number");
    }
}

#[test]
fn r127_the_order_is_ascending_unless_it_is_said() {
    assert!(!query("sortBy=userName").descending);
    assert!(!query("sortBy=userName&sortOrder=ascending").descending);
    assert!(query("sortBy=userName&sortOrder=Descending").descending);
    assert!(refusal(ListQuery::from_query("sortOrder=up")).contains("sortOrder"));
    assert_eq!(query("sortBy=").sort_by, None);
}

#[test]
fn r132_a_bare_cursor_asks_for_the_first_page() {
    assert_eq!(cursor("filter=userName%20sw%20J&cursor&count=10"), (String::new(), Some(10)));
    assert_eq!(cursor("cursor="), (String::new(), None));
    assert_eq!(
        cursor("filter=username%20sw%20J&cursor=VZUTiyhEQJ94IR&count=10"),
        ("VZUTiyhEQJ94IR".to_owned(), Some(10))
    );
    assert_eq!(cursor("cursor=x&count=0").1, Some(0));
}

#[test]
fn r134_r135_a_negative_count_is_no_page_size_of_a_cursor() {
    for text in ["cursor=x&count=-1", "count=-99999999999999999999999&cursor"] {
        let error = ListQuery::from_query(text).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidCount)), "{text}");
    }
}

#[test]
fn r134_a_cursor_belongs_to_one_query() {
    let digest = |text: &str| query(text).query_digest_input();
    let first = digest("filter=userName%20sw%20J&cursor&count=10");
    assert_eq!(first, digest("filter=username+sw+J&cursor=VZUTiyhEQJ94IR&count=10"), "as in RFC 9865 section 2");
    assert_eq!(first, digest("cursor=x&filter=username+sw+J&unknown=1"));
    let others = [
        "filter=userName+sw+K",
        "filter=userName+sw+J&sortBy=id",
        "filter=userName+sw+J&attributes=id",
        "cursor",
        "filter=userName+sw+J&sortOrder=descending",
        "filter=userName+sw+J&excludedAttributes=id",
        "sortBy=userName+sw+J",
    ];
    let mut digests: Vec<_> = others.map(digest).into();
    digests.push(first);
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), others.len() + 1);
}

#[test]
fn r137_position_and_cursor_exclude_each_other() {
    assert!(refusal(ListQuery::from_query("startIndex=1&cursor")).contains("not both"));
    assert!(matches!(query("count=5").page, Page::Index { start: 1, count: Some(5) }), "index is the default");
    assert_eq!(query("count=5").page.count(), Some(5));
}

proptest::proptest! {
    #[test]
    fn no_query_breaks_the_reader(text in "[a-zA-Z=&%+0-9-]{0,40}|.{0,40}") {
        let _ = ListQuery::from_query(&text);
    }

    #[test]
    fn what_was_encoded_is_read(filter in ".{0,40}") {
        let encoded: String = filter.bytes().map(|byte| format!("%{byte:02x}")).collect();
        proptest::prop_assert_eq!(query(&format!("filter={encoded}")).filter.unwrap(), filter);
    }
}
