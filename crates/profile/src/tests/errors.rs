//! What is wrong with a profile is told with its file, its line, and what was expected.

use crate::Profile;

/// Where a mistake is found, and what is said of it.
fn mistake(text: &str) -> (usize, String) {
    let error = Profile::parse(text, "mine.toml").unwrap_err();
    assert_eq!(error.file, "mine.toml");
    assert!(error.to_string().starts_with(&format!("mine.toml:{}:{}: ", error.line, error.column)));
    (error.line, error.sentence)
}

#[test]
fn each_mistake_is_told_with_its_line_and_what_was_expected() {
    let head = "name = \"mine\"\ntitle = \"Mine\"\n";
    for (text, line, sentence) in [
        ("name = \"Mine\"\ntitle = \"\"", 1, "expected a name of 1 to 63 of a-z, 0-9 and -"),
        ("name = \"mine\"\n", 1, "missing field `title`"),
        ("colour = \"red\"", 3, "unknown field `colour`, expected one of `name`, `title`"),
        ("[breaker]\nnew_mode = \"stop\"", 4, "setting new_mode of the breaker is off, warn or hold, not \"stop\""),
        ("[administrator]\ntitle = \"x\"\nroles = []", 5, "expected the primary roles that qualify"),
        ("[breaker]\ncolour = 1", 4, "no setting of the breaker is named colour"),
        ("[address]\nbase_paths = [\"/ok\", \"scim\"]", 4, "expected a path such as /api/scim/v2"),
        ("[address]\nbase_paths = [\"/{tenant}\"]", 4, "expected a path with more than the tenant"),
        ("[address]\nbase_paths = [\"/scim/v2/x\"]", 4, "\"/scim/v2/x\" begins like a path that is served otherwise"),
        ("[address]\nbase_paths = [\"/api\"]\ntoken_path = \"/other/Token\"", 5, "expected one of base_paths"),
        ("[groups]\nenabled = \"maybe\"", 4, "expected true, false, or the name of an option of type \"switch\""),
        ("[groups]\nenabled = 3", 4, "expected true, false, or the name of an option"),
        ("[options.a]\ntype = \"colour\"", 4, "unknown variant `colour`, expected one of `switch`, `choice`, `names`"),
        (
            "[options.a]\ntype = \"choice\"\ntitle = \"A\"\nvalues = [\"x\"]\ndefault = \"y\"",
            3,
            "option \"a\": the default \"y\" is none of its values",
        ),
        ("[[map]]\nto = \"colour\"\nfrom = []", 4, "\"colour\" is no member that a rule fills"),
        ("[[map]]\nto = \"title\"\nfrom = [\n  \"title\",\n  \"emails[type eq\",\n]", 7, ""),
        ("[[map]]\nto = \"title\"\nfrom = [\"urn:x:y:z\"]", 5, ""),
        ("[[map]]\nto = \"title\"\nfrom = [{ splt = \"title\" }]", 5, "expected a SCIM path"),
        ("[[map]]\nto = \"title\"\nfrom = [\"title\"]\nunknown = \"ignore\"", 6, "\"unknown\" means nothing without"),
        (
            "[[map]]\nto = \"title\"\nfrom = [\"title\"]\nallowed_option = \"x\"",
            6,
            "expected the name of an option of type \"names\"",
        ),
        ("[[map]]\nto = \"title\"\nfrom = [\"title\"]\nwhen = { x = true }", 6, "there is no option \"x\""),
        ("forward = [\"colour\"]", 3, "\"colour\" is no member of the normalized user"),
        ("[[extensions]]\nid = \"no urn\"\nname = \"E\"\nattributes = [{ name = \"a\" }]", 3, ""),
        (
            "[[requires]]\nname = \"a\"\ntitle = \"A\"\nuntil_met = \"never\"",
            6,
            "unknown variant `never`, expected `off` or `refuse`",
        ),
        ("[[requires]\n", 3, ""),
    ] {
        let text = if text.starts_with("name") { text.to_owned() } else { format!("{head}{text}") };
        let found = mistake(&text);
        assert_eq!(found.0, line, "{text}\n{}", found.1);
        assert!(!found.1.is_empty() && found.1.starts_with(sentence), "{text}\n{}", found.1);
    }
}

#[test]
fn a_profile_that_is_too_long_is_refused() {
    let text = format!("name = \"mine\"\ntitle = \"{}\"", "x".repeat(crate::LONGEST_PROFILE));
    assert!(mistake(&text).1.contains("bytes"));
}

#[test]
fn an_invitation_that_nobody_could_accept_is_refused() {
    let head = "name = \"mine\"\ntitle = \"Mine\"\n";
    for (text, line, sentence) in [
        ("[invitation]\ndays = 3", 3, "missing field `enabled`"),
        ("[invitation]\nenabled = \"maybe\"", 4, "expected true, false, or the name of an option of type \"switch\""),
        ("[invitation]\nenabled = true\ndays = 91", 5, "expected a number of days from 1 to 90"),
        (
            "[invitation]\nenabled = true\nsubject = \"{link}\"",
            5,
            "there is no place {link}; there are {product}, {workspace}",
        ),
        ("[invitation]\nenabled = true\ntext = \"Hello {name}\"", 5, "expected {link} in the text"),
        (
            "[invitation]\nenabled = true\ntext = \"{link} {password}\"",
            5,
            "there is no place {password}; there are {link}",
        ),
        (
            "[invitation]\nenabled = true\nlanding = \"https://me@x/\"",
            5,
            "expected a URL such as https://app.example.com/{tenant}",
        ),
        ("[invitation]\nenabled = true\nlanding = \"https://x/ y\"", 5, "expected a URL such as"),
        (
            "[invitation]\nenabled = true\ntenants_decide = [\"days\", \"enabled\"]",
            5,
            "tenants cannot decide \"enabled\"; expected \"days\"",
        ),
    ] {
        let (found, told) = mistake(&format!("{head}{text}"));
        assert_eq!(found, line, "{text}: {told}");
        assert!(told.starts_with(sentence), "{text}: {told}");
    }
}
