//! A token that is to be, and whether it may be.

use time::Duration;

use crate::rotation::Mode;
use crate::token::Asked;
use crate::{Network, Scopes, TenancyError, Tenant, TokenRecord, TokenState};

/// The longest time a token may be valid: ten years, so that every token expires in the end (RFC 7644 section 7.4).
const MOST_DAYS: i64 = 3650;
/// The most networks of one token.
const MOST_NETWORKS: usize = 64;
/// The longest name of a call.
const LONGEST_REQUEST: usize = 100;
/// What is said of another name.
pub(super) const WRONG_NAME: &str = "the name of a request has 1 to 100 visible ASCII characters";
/// What the times of a token that the version before issued may differ by: its end is a whole second.
const ROUNDING_MS: i64 = 2000;

/// A token that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// For how long it is valid.
    pub lifetime: Duration,
    /// How it takes the place of the one before.
    pub mode: Mode,
    /// For how long the one before goes on, in the mode `overlap` and in no other.
    pub overlap: Option<Duration>,
    /// What its holder may do.
    pub scopes: Scopes,
    /// From where it may be used; from everywhere, if there is none.
    pub networks: Vec<Network>,
    /// A name of this call: who calls with the same again gets the same token and not another one.
    pub request: Option<String>,
}

impl NewToken {
    /// One without restrictions that takes the place of the one before at once.
    #[must_use]
    pub fn of_days(days: u32) -> Self {
        Self {
            lifetime: Duration::days(days.into()),
            mode: Mode::Strict,
            overlap: None,
            scopes: Scopes::ALL,
            networks: Vec::new(),
            request: None,
        }
    }

    pub(super) fn overlap_ms(&self) -> i64 {
        self.overlap.map_or(0, |overlap| i64::try_from(overlap.whole_milliseconds()).unwrap_or(i64::MAX))
    }

    /// Refuses what no tenant may have.
    pub(super) fn check(&self) -> Result<(), TenancyError> {
        if !(Duration::seconds(1)..=Duration::days(MOST_DAYS)).contains(&self.lifetime) {
            let days = self.lifetime.whole_days();
            return refuse(format!("a token is valid for 1 to {MOST_DAYS} days, not for {days}"));
        }
        match (self.mode, self.overlap) {
            (Mode::Overlap, Some(overlap)) if overlap >= Duration::seconds(1) => {}
            (Mode::Overlap, _) => return refuse("the mode overlap needs a time for which the old token goes on"),
            (_, Some(_)) => return refuse("a time for which the old token goes on needs the mode overlap"),
            _ => {}
        }
        if self.networks.len() > MOST_NETWORKS {
            return refuse(format!("a token has at most {MOST_NETWORKS} networks; use a larger one"));
        }
        if self.request.as_ref().is_some_and(|request| !is_name_of_request(request)) {
            return refuse(WRONG_NAME);
        }
        Ok(())
    }

    /// Refuses what this tenant does not want to be valid so long.
    pub(super) fn check_lifetime(&self, tenant: &Tenant) -> Result<(), TenancyError> {
        let most = tenant.settings.token_max_days;
        if self.lifetime <= Duration::days(most.into()) {
            return Ok(());
        }
        let name = tenant.name();
        refuse(format!("tenant \"{name}\" allows tokens of at most {most} days (setting token_max_days)"))
    }

    /// Refuses a way of rotation that this tenant does not want.
    pub(super) fn check_mode(&self, tenant: &Tenant) -> Result<(), TenancyError> {
        let (name, settings) = (tenant.name(), &tenant.settings);
        if !settings.token_modes.contains(&self.mode) {
            let allowed: Vec<&str> = settings.token_modes.iter().map(|mode| mode.as_str()).collect();
            let (mode, allowed) = (self.mode.as_str(), allowed.join(", "));
            return refuse(format!(
                "tenant \"{name}\" does not allow the mode {mode} (setting token_modes); it allows {allowed}"
            ));
        }
        let most = settings.token_max_overlap_hours;
        if self.overlap.is_some_and(|overlap| overlap > Duration::hours(most.into())) {
            return refuse(format!(
                "tenant \"{name}\" allows an overlap of at most {most} hours (setting token_max_overlap_hours)"
            ));
        }
        Ok(())
    }

    /// The times it asks for.
    pub(super) fn asked(&self) -> Asked {
        let lifetime_ms = i64::try_from(self.lifetime.whole_milliseconds()).unwrap_or(i64::MAX);
        Asked { lifetime_ms, overlap_ms: self.overlap_ms() }
    }

    /// Whether this call made that token, one of the tenant's.
    pub(super) fn made(&self, token: &TokenRecord, tokens: &[TokenRecord]) -> bool {
        let fits_times = || match token.asked {
            // The moments of the token come from clocks, of which one may have been set or another one be ahead.
            Some(asked) => asked == self.asked(),
            None => self.fits_lifetime(token) && self.fits_overlap(token, tokens),
        };
        token.mode == Some(self.mode) && token.scopes == self.scopes && token.networks == self.networks && fits_times()
    }

    fn fits_lifetime(&self, token: &TokenRecord) -> bool {
        let differs_by = (token.expires_ms - token.issued_ms).abs_diff(self.asked().lifetime_ms);
        differs_by <= ROUNDING_MS.unsigned_abs()
    }

    /// Whether the token before goes on as long as this call says. Once it has ended, that is not known any more.
    fn fits_overlap(&self, token: &TokenRecord, tokens: &[TokenRecord]) -> bool {
        let before = tokens.iter().find(|before| Some(before.id) == token.replaces);
        let ending = before.filter(|before| before.state == TokenState::Ending);
        let Some((before, end_ms)) = ending.and_then(|before| Some((before, before.ended_ms?))) else { return true };
        let wanted_ms = token.issued_ms.saturating_add(self.overlap_ms()).min(before.expires_ms);
        end_ms.min(before.expires_ms).abs_diff(wanted_ms) <= ROUNDING_MS.unsigned_abs()
    }
}

/// Whether a call may have this name.
pub(super) fn is_name_of_request(request: &str) -> bool {
    (1..=LONGEST_REQUEST).contains(&request.len()) && request.bytes().all(|byte| byte.is_ascii_graphic())
}

fn refuse(sentence: impl Into<String>) -> Result<(), TenancyError> {
    Err(TenancyError::Invalid(sentence.into()))
}
