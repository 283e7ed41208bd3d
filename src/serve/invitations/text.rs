//! What the mail says: by the profile and the user of this moment.

use directory::Letter;
use events::normal::User;

use crate::serve::mail::InvitationMail;

/// So many letters of what a client provisioned are written at most.
const LONGEST: usize = 100;

/// The mail to this user; none, if the tenant invites nobody.
pub(super) fn written(letter: &Letter, user: &User, link: &str) -> Option<InvitationMail> {
    let tenant = letter.tenant.tenant();
    let invitation = tenant.profile().invitation()?;
    let (days, name) = (invitation.days.to_string(), line(&called(user)));
    let or_name = |text: Option<&str>| text.map_or_else(|| name.clone(), line);
    let (given, display) = (or_name(user.name.given_name.as_deref()), or_name(user.display_name.as_deref()));
    let (family, user_name) = (line(user.name.family_name.as_deref().unwrap_or_default()), line(&user.user_name));
    let value = |place: &str| match place {
        "link" => link,
        "product" => tenant.profile().profile().title(),
        "workspace" => invitation.workspace.as_deref().unwrap_or(tenant.name()),
        "days" => &days,
        "name" => &name,
        "givenName" => &given,
        "familyName" => &family,
        "displayName" => &display,
        "userName" => &user_name,
        "email" => &letter.address,
        _ => "",
    };
    let (subject, text) = (invitation.subject.fill(value), invitation.text.fill(value));
    Some(InvitationMail { subject, text, number: letter.link.message_number() })
}

/// What a person is called.
fn called(user: &User) -> String {
    let parts = [&user.name.given_name, &user.name.family_name].into_iter().flatten();
    let whole = parts.map(String::as_str).collect::<Vec<_>>().join(" ");
    let names = [user.display_name.clone(), user.name.formatted.clone(), Some(whole)];
    let given = names.into_iter().flatten().find(|name| !name.trim().is_empty());
    given.unwrap_or_else(|| user.user_name.clone())
}

/// A name is one short line, whatever a client calls one: nothing in it begins a text of its own or turns the rest around.
fn line(text: &str) -> String {
    let is_plain = |letter: &char| !matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let spaced: String =
        text.chars().filter(is_plain).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k07_a_name_is_one_short_line() {
        assert_eq!(line("x\r\n\r\nhttps://evil"), "x https://evil");
        assert_eq!(line("Ada\u{202e} \u{2028}Lovelace\0"), "Ada Lovelace");
        assert_eq!(line(&"ä".repeat(500)), format!("{}…", "ä".repeat(100)));
    }
}
