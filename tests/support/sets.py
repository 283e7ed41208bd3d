"""Verifies security event tokens as a receiver does, with PyJWT and the keys that the issuer publishes.

Usage: sets.py JWKS_URL ISSUER AUDIENCE; a JSON array of tokens comes on standard input, an array of their claims goes out, each
with its header as "header".
"""

import json
import sys

import jwt

MEMBERS = {"iss", "iat", "jti", "aud", "sub_id", "events", "txn", "toe"}


def claims(token: str, keys: jwt.PyJWKClient, issuer: str, audience: str) -> dict:
    """What a token says, if it is one of the issuer for this receiver (RFC 8417 section 2.2, RFC 9967 section 2.1)."""
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "secevent+jwt", header
    key = keys.get_signing_key(header["kid"])
    told = jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        issuer=issuer,
        audience=audience,
        options={"require": ["iss", "iat", "jti", "aud"]},
    )
    assert set(told) <= MEMBERS and {"sub_id", "events"} <= set(told), told
    assert isinstance(told["events"], dict) and told["events"], told
    for uri, payload in told["events"].items():
        assert isinstance(payload, dict), payload
        if uri.endswith((":full", ":notice")):
            assert ("data" in payload) == uri.endswith(":full"), told
            assert ("attributes" in payload) == uri.endswith(":notice"), told
        elif uri.startswith("urn:ietf:params:scim:event:prov:") or ":feed:" in uri:
            assert payload == {}, told
    return told | {"header": header}


def main() -> None:
    """The whole way."""
    url, issuer, audience = sys.argv[1:]
    keys = jwt.PyJWKClient(url)
    json.dump([claims(token, keys, issuer, audience) for token in json.load(sys.stdin)], sys.stdout)


main()
