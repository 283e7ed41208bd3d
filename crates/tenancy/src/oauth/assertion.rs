//! What an issuer says of a client, in place of a secret (RFC 7523 section 3).

use std::time::Duration;

use jsonwebtoken::jwk::{CommonParameters, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::Federation;

/// Azure's and Okta's have about 2,000 characters.
const LONGEST: usize = 16 * 1024;
/// Issuers have a handful.
const MOST_KEYS: usize = 64;
/// How old an assertion may be; one that does not say how old it is must end within this time.
const LONGEST_AGE: Duration = Duration::from_mins(10);
/// By how much an issuer's clock may be ahead.
const LEEWAY: i64 = 60;
const ALGORITHMS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];

/// Where the keys for an assertion are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The address of the key set.
    pub jwks_uri: String,
    /// The key's id.
    pub kid: Option<String>,
}

/// The keys of an issuer (RFC 7517 section 5), and from where they are: what is there vouches for the clients that trust it,
/// and for no others.
#[derive(Clone, Debug, Default)]
pub struct AssertionKeys {
    keys: Vec<Jwk>,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct AssertionClaims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: Seconds,
    nbf: Option<Seconds>,
    iat: Option<Seconds>,
}

/// Seconds since 1970. Some issuers write fractions (RFC 7519 section 2), which are cut off.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "serde_json::Number")]
struct Seconds(i64);

impl TryFrom<serde_json::Number> for Seconds {
    type Error = &'static str;

    fn try_from(number: serde_json::Number) -> Result<Self, Self::Error> {
        /// Year 9999; every moment up to it is a whole number in a float.
        const MOST: f64 = 253_402_300_799.0;
        let whole = || number.as_f64().map(f64::floor).filter(|seconds| (0.0..=MOST).contains(seconds));
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
        let whole = || whole().map(|seconds| seconds as i64);
        number.as_i64().or_else(whole).map(Self).ok_or("no moment")
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl AssertionKeys {
    /// The keys in the document at this address that can verify assertions. Others are passed over; `None`: it is no key set.
    #[must_use]
    pub fn parse(document: &[u8], jwks_uri: &str) -> Option<Self> {
        let KeySet { keys } = serde_json::from_slice(document).ok()?;
        let keys = keys.into_iter().take(MOST_KEYS).filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let keys = keys.filter(|key| is_for_signatures(&key.common)).collect();
        Some(Self { keys, jwks_uri: jwks_uri.to_owned() })
    }

    /// Whether there is a key of this id, or any if none is named.
    #[must_use]
    pub fn has(&self, kid: Option<&str>) -> bool {
        self.candidates(kid).next().is_some()
    }

    fn candidates<'a>(&'a self, kid: Option<&'a str>) -> impl Iterator<Item = &'a Jwk> {
        self.keys.iter().filter(move |key| kid.is_none() || key.common.key_id.as_deref() == kid)
    }
}

/// Keys say what they are for in one way or the other (RFC 7517 sections 4.2 and 4.3).
fn is_for_signatures(key: &CommonParameters) -> bool {
    let may_verify = key.key_operations.as_ref().is_none_or(|allowed| allowed.contains(&KeyOperations::Verify));
    key.public_key_use != Some(PublicKeyUse::Encryption) && may_verify
}

/// A key may name its one algorithm (RFC 7517 section 4.4).
fn is_for(key: &Jwk, algorithm: Algorithm) -> bool {
    match key.common.key_algorithm {
        None => true,
        Some(KeyAlgorithm::RS256) => algorithm == Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => algorithm == Algorithm::ES256,
        Some(_) => false,
    }
}

/// Nothing is understood that must be (`crit`, RFC 7515 section 4.1.11).
fn is_understood(header: &Header) -> bool {
    ALGORITHMS.contains(&header.alg) && header.crit.is_none()
}

impl Federation {
    /// Where the keys are, if the assertion is for this client, as far as one can tell without them.
    pub(super) fn wanted(&self, assertion: &str, now: OffsetDateTime) -> Option<Wanted> {
        if assertion.len() > LONGEST {
            return None;
        }
        let header = jsonwebtoken::decode_header(assertion).ok().filter(is_understood)?;
        let claims: AssertionClaims = jsonwebtoken::dangerous::insecure_decode_claims(assertion).ok()?;
        let fits = self.is_meant(&claims) && claims.is_of(now.unix_timestamp());
        fits.then(|| Wanted { jwks_uri: self.jwks_uri.clone(), kid: header.kid })
    }

    /// Whether the assertion is genuine, for this client, and of now.
    pub(super) fn verifies(&self, assertion: &str, keys: &AssertionKeys, now: OffsetDateTime) -> bool {
        let Some(Wanted { kid, jwks_uri }) = self.wanted(assertion, now) else { return false };
        if keys.jwks_uri != jwks_uri {
            return false;
        }
        let Ok(header) = jsonwebtoken::decode_header(assertion) else { return false };
        let validation = self.validation(header.alg);
        keys.candidates(kid.as_deref()).filter(|key| is_for(key, header.alg)).any(|key| {
            let key = DecodingKey::from_jwk(key).ok();
            let claims = key.and_then(|key| jsonwebtoken::decode::<AssertionClaims>(assertion, &key, &validation).ok());
            claims.is_some_and(|data| self.is_meant(&data.claims) && data.claims.is_of(now.unix_timestamp()))
        })
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.sub = Some(self.subject.clone());
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The clock comes with each request.
        validation.validate_exp = false;
        validation
    }

    fn is_meant(&self, claims: &AssertionClaims) -> bool {
        let audience = match &claims.aud {
            Audience::One(one) => *one == self.audience,
            Audience::Several(several) => several.contains(&self.audience),
        };
        claims.iss == self.issuer && claims.sub == self.subject && audience
    }
}

impl AssertionClaims {
    fn is_of(&self, now: i64) -> bool {
        let longest = i64::try_from(LONGEST_AGE.as_secs()).unwrap_or_default();
        let Seconds(exp) = self.exp;
        let is_young = match self.iat {
            Some(Seconds(issued)) => issued <= now.saturating_add(LEEWAY) && now.saturating_sub(issued) <= longest,
            None => exp.saturating_sub(now) <= longest,
        };
        let has_begun = self.nbf.is_none_or(|Seconds(begin)| begin <= now.saturating_add(LEEWAY));
        is_young && has_begun && now < exp
    }
}
