//! Signatures of Standard Webhooks (<https://www.standardwebhooks.com>, "Signature scheme"): whoever has the secret can tell
//! that a request is ours, whole and new.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret as _, SecretString};

/// What a secret begins with when it is written down.
const PREFIX: &str = "whsec_";
/// How long a secret is, in bytes: 192 to 512 bits.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// How long one is that is made here.
const OWN_BYTES: usize = 32;

/// Some libraries write secrets without the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Signs with one secret, or with two while one takes the place of the other.
pub(super) struct Signer {
    keys: Vec<hmac::Key>,
}

impl Signer {
    /// With these secrets.
    pub(super) fn new(secret: &SecretString, previous: Option<&SecretString>) -> Result<Self, String> {
        let mut keys = vec![key("secret", secret)?];
        if let Some(previous) = previous {
            keys.push(key("previous_secret", previous)?);
        }
        Ok(Self { keys })
    }

    /// The value of `webhook-signature`: one signature for each secret.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let head = format!("{id}.{timestamp}.");
        let signature = |key: &hmac::Key| {
            let mut context = hmac::Context::with_key(key);
            context.update(head.as_bytes());
            context.update(body);
            format!("v1,{}", BASE64.encode(context.sign()))
        };
        self.keys.iter().map(signature).collect::<Vec<_>>().join(" ")
    }
}

/// A new secret, as it is written down.
pub(super) fn make() -> Result<String, String> {
    let mut bytes = [0; OWN_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "the system gives no randomness for a secret".to_owned())?;
    Ok(format!("{PREFIX}{}", BASE64.encode(bytes)))
}

fn key(setting: &str, secret: &SecretString) -> Result<hmac::Key, String> {
    let text = secret.expose_secret().strip_prefix(PREFIX);
    let bytes = text.and_then(|text| BASE64.decode(text).ok()).filter(|bytes| BYTES.contains(&bytes.len()));
    let bytes = bytes.ok_or_else(|| {
        let (least, most) = (BYTES.start(), BYTES.end());
        format!(
            "{setting} is {PREFIX} and {least} to {most} bytes in base64; left out when the store is added, one is made"
        )
    })?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the libraries of Standard Webhooks test themselves with.
    #[test]
    fn a_signature_is_that_of_the_libraries() {
        let signer = Signer::new(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(), None).unwrap();
        let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_secrets_give_two_signatures() {
        let (new, old): (SecretString, SecretString) = (make().unwrap().into(), make().unwrap().into());
        let alone = |secret| Signer::new(secret, None).unwrap().sign("id", 1, b"{}");
        let both = Signer::new(&new, Some(&old)).unwrap().sign("id", 1, b"{}");
        assert_eq!(both, format!("{} {}", alone(&new), alone(&old)));
        assert_ne!(alone(&new), alone(&old));
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_repeated() {
        for text in [
            "",
            "hunter2hunter2hunter2",
            "whsec_",
            "whsec_!!!",
            "whsec_aHVudGVyMg==",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            let told = Signer::new(&text.into(), None).err().unwrap();
            assert!(told.starts_with("secret is whsec_ and 24 to 64 bytes"), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
