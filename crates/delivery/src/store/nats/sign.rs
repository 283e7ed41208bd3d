//! Signing in to NATS with a key: a seed (nkey), alone or with the JWT of a `.creds` file.
//!
//! A seed is base32 of two bytes that say what it is for, 32 bytes of an Ed25519 key, and a CRC-16
//! (<https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth>).

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};

/// The first byte of a seed, and that of the key of a user, both in the upper five bits.
const SEED: u8 = 18 << 3;
const USER: u8 = 20 << 3;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The key of a user of NATS.
pub(super) struct Key(Ed25519KeyPair);

/// A JWT, and the key that it is for.
pub(super) struct Credentials {
    pub(super) jwt: SecretString,
    pub(super) key: Key,
}

impl Key {
    /// Reads a seed, `SU…`. `None` if it is none of a user.
    pub(super) fn parse(seed: &SecretString) -> Option<Self> {
        let bytes = decode(seed.expose_secret().trim())?;
        let (content, checksum) = bytes.split_last_chunk::<2>()?;
        let (head, key) = content.split_first_chunk::<2>()?;
        let is_of_user = head[0] & 0xf8 == SEED && (head[0] << 5 | head[1] >> 3) == USER;
        if !is_of_user || crc16(content).to_le_bytes() != *checksum {
            return None;
        }
        Ed25519KeyPair::from_seed_unchecked(key).ok().map(Self)
    }

    /// The public key, `U…`.
    pub(super) fn public(&self) -> String {
        let mut bytes = vec![USER];
        bytes.extend_from_slice(self.0.public_key().as_ref());
        bytes.extend_from_slice(&crc16(&bytes).to_le_bytes());
        encode(&bytes)
    }

    /// Signs what the server sent for that.
    pub(super) fn sign(&self, nonce: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.sign(nonce.as_bytes()))
    }
}

impl Credentials {
    /// Reads the text of a `.creds` file. `None` if it is none.
    pub(super) fn parse(text: &SecretString) -> Option<Self> {
        let text = text.expose_secret();
        let jwt = between(text, "BEGIN NATS USER JWT", "END NATS USER JWT")?;
        let seed = between(text, "BEGIN USER NKEY SEED", "END USER NKEY SEED")?;
        Some(Self { jwt: jwt.into(), key: Key::parse(&seed.into())? })
    }
}

/// The line between the lines with these words.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| !line.contains(start)).skip(1);
    let found = lines.find(|line| !line.is_empty())?;
    (!found.contains(end)).then_some(found)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn encode(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut held) = (String::new(), 0_u32, 0);
    let mut push = |value: u32| text.extend(ALPHABET.get((value & 31) as usize).map(|letter| char::from(*letter)));
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            push(bits >> held);
        }
    }
    if held > 0 {
        push(bits << (5 - held));
    }
    text
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pair in the documentation of NATS.
    const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
    const PUBLIC: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

    #[test]
    fn a_seed_is_read_and_its_public_key_told() {
        assert_eq!(Key::parse(&SEED.into()).unwrap().public(), PUBLIC);
    }

    #[test]
    fn what_is_no_seed_of_a_user_is_refused() {
        let damaged = SEED.replace("SUACSS", "SUACST");
        for text in ["", "SU", PUBLIC, &damaged, "not a seed", &SEED[1..]] {
            assert!(Key::parse(&text.into()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_file_of_credentials_has_a_jwt_and_a_seed() {
        let text = format!(
            "-----BEGIN NATS USER JWT-----\neyJ0.eyJq.c2ln\n------END NATS USER JWT------\n\n\
             ************************* IMPORTANT *************************\n\
             -----BEGIN USER NKEY SEED-----\n{SEED}\n------END USER NKEY SEED------\n"
        );
        let credentials = Credentials::parse(&text.as_str().into()).unwrap();
        assert_eq!(credentials.jwt.expose_secret(), "eyJ0.eyJq.c2ln");
        assert_eq!(credentials.key.public(), PUBLIC);
        assert!(Credentials::parse(&text.replace("eyJ0.eyJq.c2ln\n", "").into()).is_none());
    }
}
