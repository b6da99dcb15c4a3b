"""Makes access tokens like those of Supabase Auth, right or deliberately wrong.

Everything is made with `cryptography` alone, so that the tests share no code with the verifier.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

USER_ID = "5f0c1e0a-7a3b-4f7e-9a51-0d3f2b6c8e11"

Named = tuple[str, str]
Sign = Callable[[bytes], bytes]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(header: Mapping[str, object] | bytes, payload: object, sign: Sign) -> str:
    """A JWS in compact form. Bytes go in as they are, everything else as JSON."""
    parts = [p if isinstance(p, bytes) else json.dumps(p).encode() for p in (header, payload)]
    signing_input = ".".join(b64(part) for part in parts)
    return f"{signing_input}.{b64(sign(signing_input.encode()))}"


def es256(key: ec.EllipticCurvePrivateKey) -> Sign:
    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def rs256(key: rsa.RSAPrivateKey) -> Sign:
    return lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def hs(secret: bytes, digest: str = "sha256") -> Sign:
    return lambda data: hmac.new(secret, data, getattr(hashlib, digest)).digest()


def ec_jwk(key: ec.EllipticCurvePublicKey, kid: str) -> dict[str, object]:
    """The public key as Supabase publishes it."""
    numbers = key.public_numbers()
    size = (key.key_size + 7) // 8
    return {
        "kty": "EC",
        "crv": f"P-{key.key_size}",
        "alg": f"ES{key.key_size}",
        "use": "sig",
        "key_ops": ["verify"],
        "kid": kid,
        "x": b64(numbers.x.to_bytes(size, "big")),
        "y": b64(numbers.y.to_bytes(size, "big")),
    }


def rsa_jwk(key: rsa.RSAPublicKey, kid: str) -> dict[str, object]:
    numbers = key.public_numbers()
    modulus = numbers.n.to_bytes((key.key_size + 7) // 8, "big")
    return {"kty": "RSA", "alg": "RS256", "kid": kid, "n": b64(modulus), "e": "AQAB"}


@dataclass(frozen=True, slots=True)
class TokenMaker:
    """Makes tokens that are right in everything that the caller does not change."""

    key: ec.EllipticCurvePrivateKey
    kid: str
    issuer: str
    now: datetime
    user_id: str = USER_ID
    seconds: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", int(self.now.timestamp()))

    def header(self, **changes: object) -> dict[str, object]:
        return {"alg": "ES256", "kid": self.kid, "typ": "JWT"} | changes

    def claims(self, **changes: object) -> dict[str, object]:
        return {
            "iss": self.issuer,
            "sub": self.user_id,
            "aud": "authenticated",
            "exp": self.seconds + 3600,
            "iat": self.seconds - 10,
            "email": "alice@example.com",
            "phone": "",
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {"timezone": "Europe/Berlin"},
            "role": "authenticated",
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": self.seconds - 10}],
            "session_id": "0e2d0f43-0c5a-4c0e-8f5a-5d0f4f6f1c9b",
            "is_anonymous": False,
        } | changes

    def token(self, **changes: object) -> str:
        """A well signed token with these claims changed."""
        return compact(self.header(), self.claims(**changes), es256(self.key))

    def headed(self, **changes: object) -> str:
        """A well signed token with these headers changed."""
        return compact(self.header(**changes), self.claims(), es256(self.key))

    def without(self, claim: str) -> str:
        claims = {name: value for name, value in self.claims().items() if name != claim}
        return compact(self.header(), claims, es256(self.key))

    def raw(self, *, header: bytes | None = None, payload: bytes | None = None) -> str:
        """A well signed token whose header or payload is these very bytes."""
        return compact(
            self.header() if header is None else header,
            self.claims() if payload is None else payload,
            es256(self.key),
        )
