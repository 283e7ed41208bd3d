//! The profiles that come with the program.

use std::sync::{Arc, LazyLock};

use crate::Profile;

/// The name of the profile of who names none.
pub const GENERIC: &str = "generic";

const TEXTS: [(&str, &str); 6] = [
    ("generic.toml", include_str!("builtin/generic.toml")),
    ("account-scim.toml", include_str!("builtin/account-scim.toml")),
    ("wats.toml", include_str!("builtin/wats.toml")),
    ("wizer.toml", include_str!("builtin/wizer.toml")),
    ("workato.toml", include_str!("builtin/workato.toml")),
    ("workteam.toml", include_str!("builtin/workteam.toml")),
];

static PROFILES: LazyLock<Vec<Arc<Profile>>> = LazyLock::new(|| {
    // A test reads each of them, so that none is left out here.
    TEXTS.iter().filter_map(|(file, text)| Profile::parse(text, file).ok()).map(Arc::new).collect()
});

/// The profiles that come with the program, `generic` first.
#[must_use]
pub fn builtin() -> &'static [Arc<Profile>] {
    &PROFILES
}
