//! The keys that sign what receivers of a tenant's events verify: ES256, with public keys that anybody may read.
//!
//! Each is derived from a signing key and the name of the tenant: it is rotated with that key and is the same on every server,
//! and whoever may choose what is signed for one tenant cannot sign for another (decision 35).

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};

use super::{SigningKey, SigningKeys};

/// Of 2³² random numbers one is no key of the curve.
const TRIES: u8 = 3;
/// How much of the thumbprint is in the id of a key: enough to tell the keys of tenants apart.
const THUMB: usize = 16;

/// Signs for one tenant.
pub struct StreamKey {
    id: String,
    /// The coordinates of the public key.
    public: [String; 2],
    encoding: EncodingKey,
}

/// Something could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("a token for receivers of events could not be signed")]
pub struct Unsigned;

impl std::fmt::Debug for StreamKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "StreamKey({})", self.id)
    }
}

impl StreamKey {
    /// The key of a tenant that belongs to a signing key.
    ///
    /// # Errors
    /// If the system's cryptography fails.
    pub fn of(signing: &SigningKey, tenant: &str) -> Result<Self, Unsigned> {
        (0..TRIES).find_map(|time| Self::derive(signing, tenant, time)).ok_or(Unsigned)
    }

    fn derive(signing: &SigningKey, tenant: &str, time: u8) -> Option<Self> {
        let secret = signing.derive(&format!("security events {time} of {tenant}"));
        let private = PrivateKey::from_private_key(&ECDH_P256, secret.as_slice()).ok()?;
        let point = private.compute_public_key().ok()?;
        // Uncompressed (SEC 1, section 2.3.3): a 4, and both coordinates.
        let (x, y) = point.as_ref().get(1..)?.split_at_checked(32)?;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            secret.as_slice(),
            point.as_ref(),
        );
        let pkcs8 = pair.ok()?.to_pkcs8v1().ok()?;
        let public = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
        let id = format!("{}-{}", signing.id(), thumbprint(&public).get(..THUMB)?);
        Some(Self { id, public, encoding: EncodingKey::from_ec_der(pkcs8.as_ref()) })
    }

    /// Its id (`kid`): that of the signing key, and what tells the tenants apart.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public key (RFC 7517).
    #[must_use]
    pub fn jwk(&self) -> Value {
        let [x, y] = &self.public;
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.id, "use": "sig", "alg": "ES256" })
    }

    /// A signed token of this type (`typ`).
    ///
    /// # Errors
    /// If the system's cryptography fails.
    pub fn sign(&self, media_type: &str, claims: &impl Serialize) -> Result<String, Unsigned> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(media_type.to_owned());
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|_| Unsigned)
    }
}

/// RFC 7638.
fn thumbprint([x, y]: &[String; 2]) -> String {
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

impl SigningKeys {
    /// The public keys of a tenant (RFC 7517 section 5), the one that signs first. It makes no difference whether there is such a
    /// tenant.
    ///
    /// # Errors
    /// If the system's cryptography fails.
    pub fn public_keys(&self, tenant: &str) -> Result<Value, Unsigned> {
        let keys: Vec<Value> =
            self.iter().map(|key| StreamKey::of(key, tenant).map(|key| key.jwk())).collect::<Result<_, _>>()?;
        Ok(json!({ "keys": keys }))
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    fn verify(token: &str, jwk: Value) -> bool {
        let jwk: Jwk = serde_json::from_value(jwk).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        let key = DecodingKey::from_jwk(&jwk).unwrap();
        jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok()
    }

    #[test]
    fn each_tenant_has_a_key_of_its_own_that_is_always_the_same() {
        let (signing, other) = (SigningKey::random().unwrap().0, SigningKey::random().unwrap().0);
        let acme = StreamKey::of(&signing, "acme").unwrap();
        let again = StreamKey::of(&signing, "acme").unwrap();
        let strangers = [StreamKey::of(&signing, "other").unwrap(), StreamKey::of(&other, "acme").unwrap()];
        let token = acme.sign("secevent+jwt", &json!({ "iss": "x" })).unwrap();
        assert_eq!(acme.jwk(), again.jwk());
        assert!(verify(&token, acme.jwk()));
        for stranger in strangers {
            assert_ne!(stranger.id(), acme.id());
            assert!(!verify(&token, stranger.jwk()));
        }
        assert!(acme.id().starts_with(&format!("{}-", signing.id())));
    }

    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        // The key of RFC 7517 appendix A.1; its thumbprint was computed elsewhere.
        let public = ["MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"];
        assert_eq!(thumbprint(&public.map(str::to_owned)), "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
    }
}
