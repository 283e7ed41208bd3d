//! The names of environment variables: which settings they mean, and which are meant for others.

/// What the names begin with.
const PREFIX: &str = "TENANTRY_";

/// Variables that the command line reads.
const OF_COMMANDS: [&str; 1] = ["TENANTRY_CONFIG"];

/// The setting that a variable names: `TENANTRY_SERVER__LISTEN` means `server.listen`. Nothing for variables that are
/// for others.
pub(super) fn setting(variable: &str) -> Option<String> {
    let rest = variable.strip_prefix(PREFIX)?;
    let others = OF_COMMANDS.contains(&variable) || is_service_link(rest);
    (!others).then(|| rest.to_ascii_lowercase().replace("__", "."))
}

/// Kubernetes tells each container about the services beside it: `TENANTRY_PORT`, `TENANTRY_SERVICE_HOST`,
/// `TENANTRY_PORT_8080_TCP_ADDR` for a service named tenantry, and the same after `TENANTRY_DB_` for one named
/// tenantry-db.
fn is_service_link(rest: &str) -> bool {
    let numbered = |(_, port): (&str, &str)| port.starts_with(|first: char| first.is_ascii_digit());
    let named = |name: &str| rest == name || rest.ends_with(&format!("_{name}"));
    named("PORT")
        || named("SERVICE_HOST")
        || format!("_{rest}").contains("_SERVICE_PORT")
        || format!("_{rest}").split_once("_PORT_").is_some_and(numbered)
}

/// The variable of the setting whose name is the nearest to a wrong one, if one is near.
pub(super) fn nearest<'a>(wrong: &str, settings: impl Iterator<Item = &'a str>) -> Option<String> {
    let letters = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<Vec<_>>();
    let wrong = letters(wrong);
    let far = |setting: &str| distance(&wrong, &letters(setting));
    let (far, setting) = settings.map(|setting| (far(setting), setting)).min()?;
    (far <= wrong.len() / 4).then(|| variable(setting))
}

/// The variable that sets a setting.
fn variable(setting: &str) -> String {
    format!("{PREFIX}{}", setting.replace('.', "__").to_ascii_uppercase())
}

/// How many letters one must change, add or leave out to come from one word to the other (Levenshtein).
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.iter().enumerate() {
        let mut left = line + 1;
        let next = row.windows(2).zip(to).map(|(above, other)| {
            let (corner, up) = (above.first().unwrap_or(&0), above.last().unwrap_or(&0));
            left = (corner + usize::from(letter != other)).min(up + 1).min(left + 1);
            left
        });
        row = std::iter::once(line + 1).chain(next.collect::<Vec<_>>()).collect();
    }
    row.last().copied().unwrap_or_default()
}
