"""The ES256 key of the Supabase Auth stand-in: it signs access tokens and publishes the JWKS.

Written on `cryptography` alone: `core/security.py` stays the only module with the JWT library.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

_COORDINATE_BYTES = 32
_ECDSA = ec.ECDSA(hashes.SHA256())


class BadTokenError(Exception):
    """The token is malformed, expired, from another issuer, or not signed by this key."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    private_key: ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls) -> "SigningKey":
        return cls(kid=str(uuid4()), private_key=ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, *, kid: str, pem: str) -> "SigningKey":
        """Raises ValueError when `pem` is not an unencrypted P-256 private key."""
        key = serialization.load_pem_private_key(pem.encode(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("the signing key is not an ES256 key")
        return cls(kid=kid, private_key=key)

    def pem(self) -> str:
        return self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def jwk(self) -> dict[str, object]:
        """The public half as an entry of the JWKS."""
        numbers = self.private_key.public_key().public_numbers()
        return {
            "alg": "ES256",
            "crv": "P-256",
            "ext": True,
            "key_ops": ["verify"],
            "kid": self.kid,
            "kty": "EC",
            "use": "sig",
            "x": _encode(numbers.x.to_bytes(_COORDINATE_BYTES, "big")),
            "y": _encode(numbers.y.to_bytes(_COORDINATE_BYTES, "big")),
        }

    def sign(self, claims: Mapping[str, object]) -> str:
        """A compact JWT."""
        header = {"alg": "ES256", "kid": self.kid, "typ": "JWT"}
        signed = ".".join(
            _encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)
        )
        r, s = decode_dss_signature(self.private_key.sign(signed.encode(), _ECDSA))
        signature = r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
        return f"{signed}.{_encode(signature)}"

    def verify(self, token: str, *, issuer: str, now: datetime) -> dict[str, Any]:
        """The claims of a token that this key signed. Raises BadTokenError for any other."""
        signed, _, signature_part = token.rpartition(".")
        signature = _decode(signature_part)
        if len(signature) != 2 * _COORDINATE_BYTES:
            raise BadTokenError("the signature is malformed")
        der = encode_dss_signature(
            int.from_bytes(signature[:_COORDINATE_BYTES], "big"),
            int.from_bytes(signature[_COORDINATE_BYTES:], "big"),
        )
        try:
            self.private_key.public_key().verify(der, signed.encode(), _ECDSA)
        except InvalidSignature:
            raise BadTokenError("the signature is invalid") from None
        # Only this key's own output gets here, so the content needs no defence of its own.
        claims: dict[str, Any] = json.loads(_decode(signed.partition(".")[2]))
        if claims["iss"] != issuer:
            raise BadTokenError("the token has another issuer")
        if claims["exp"] <= now.timestamp():
            raise BadTokenError("token has invalid claims: token is expired")
        return claims


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadTokenError("token is malformed") from None
