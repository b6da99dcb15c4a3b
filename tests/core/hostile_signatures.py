"""Hostile tokens whose signature is not what it says, or not by whom."""

import base64
import json
from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.core.token_maker import Named, TokenMaker, b64, compact, ec_jwk, es256, hs, rs256

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def algorithms(maker: TokenMaker) -> Iterator[Named]:
    for spelling in ("none", "None", "NONE", "nOnE", "none ", ""):
        header = maker.header(alg=spelling)
        yield f"alg {spelling!r}, no signature", compact(header, maker.claims(), lambda _: b"")
        yield f"alg {spelling!r}, a signature", maker.headed(alg=spelling)
    wrong: tuple[object, ...] = (None, 256, True, ["ES256"], {"alg": "ES256"})
    for alg in (*wrong, "es256", "ES256 ", "ES384", "ES512", "ES256K", "EdDSA", "RS256", "PS256"):
        yield f"alg {alg!r} over an ES256 signature", maker.headed(alg=alg)
    yield (
        "no alg",
        compact({"kid": maker.kid, "typ": "JWT"}, maker.claims(), es256(maker.key)),
    )
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    header = maker.header(alg="RS256")
    yield "RS256 for the EC key", compact(header, maker.claims(), rs256(rsa_key))
    for secret in (b"", b"secret", b"\0" * 32, maker.kid.encode(), maker.issuer.encode()):
        header = maker.header(alg="HS256")
        yield f"HS256 with the secret {secret!r}", compact(header, maker.claims(), hs(secret))
    bare = {"alg": "HS256", "typ": "JWT"}
    yield "HS256 without kid and secret", compact(bare, maker.claims(), hs(b""))


def public_key_as_secret(maker: TokenMaker) -> Iterator[Named]:
    public = maker.key.public_key()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = public.public_bytes(serialization.Encoding.PEM, spki)
    der = public.public_bytes(serialization.Encoding.DER, spki)
    published = ec_jwk(public, maker.kid)
    secrets = {
        "PEM": pem,
        "PEM without the last newline": pem.strip(),
        "DER": der,
        "DER in base64": base64.b64encode(der),
        "uncompressed point": public.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        ),
        "compressed point": public.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
        ),
        "OpenSSH": public.public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        ),
        "JWK": json.dumps(published).encode(),
        "JWK without spaces": json.dumps(published, separators=(",", ":")).encode(),
        "JWK Set": json.dumps({"keys": [published]}).encode(),
        "x coordinate": str(published["x"]).encode(),
    }
    for form, secret in secrets.items():
        for alg, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
            forged = compact(maker.header(alg=alg), maker.claims(), hs(secret, digest))
            yield f"{alg} with the public key as secret, {form}", forged
        bare = {"alg": "HS256", "typ": "JWT"}
        yield (
            f"HS256 without kid, the public key as secret, {form}",
            compact(bare, maker.claims(), hs(secret)),
        )
    header = maker.header(alg="ES256")
    yield "ES256 over an HMAC with the public key", compact(header, maker.claims(), hs(der))


def kids(maker: TokenMaker) -> Iterator[Named]:
    yield "no kid", compact({"alg": "ES256", "typ": "JWT"}, maker.claims(), es256(maker.key))
    kids: dict[str, object] = {
        "unknown": "8f14e45f-0000-4000-8000-000000000000",
        "empty": "",
        "null": None,
        "number": 1,
        "boolean": True,
        "list": [maker.kid],
        "object": {"kid": maker.kid},
        "path traversal": "../../../../../../dev/null",
        "URL": "https://evil.example/jwks.json",
        "SQL": "' UNION SELECT 'secret' --",
        "zero byte": maker.kid + "\0",
        "lone surrogate": "\ud800",
        "trailing space": maker.kid + " ",
        "other case": maker.kid.swapcase(),
        "huge": "k" * 4000,
        "format string": "{0.__class__}%s%n",
    }
    for name, kid in kids.items():
        yield f"kid: {name}", maker.headed(kid=kid)


def signatures(maker: TokenMaker) -> Iterator[Named]:
    good = maker.token()
    header, payload, signature = good.split(".")
    sign = es256(maker.key)
    raw = base64.urlsafe_b64decode(signature + "==")
    other_payload = b64(json.dumps(maker.claims(sub=maker.kid)).encode())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(signature[-1]) ^ 1]
    signing_input = f"{header}.{payload}".encode()
    der = maker.key.sign(signing_input, ec.ECDSA(hashes.SHA256()))
    zeros, order = b"\0" * 32, P256_ORDER.to_bytes(32, "big")
    yield "tampered payload", f"{header}.{other_payload}.{signature}"
    yield (
        "tampered header",
        f"{b64(json.dumps(maker.header(extra=1)).encode())}.{payload}.{signature}",
    )
    yield "signature not canonical", f"{header}.{payload}.{signature[:-1]}{last}"
    for name, forged in {
        "one bit flipped": bytes([raw[0] ^ 1]) + raw[1:],
        "truncated": raw[:-1],
        "extended": raw + b"\0",
        "r and s swapped": raw[32:] + raw[:32],
        "all zero": zeros * 2,
        "r zero": zeros + raw[32:],
        "s zero": raw[:32] + zeros,
        "r and s are the order of the curve": order * 2,
        "r is 1, s is 1": (zeros[:-1] + b"\x01") * 2,
        "all ones": b"\xff" * 64,
        "in DER form": der,
        "of another token": sign(b"another"),
        "of the payload alone": sign(payload.encode()),
        "of another key": es256(ec.generate_private_key(ec.SECP256R1()))(signing_input),
        "one byte": b"\0",
    }.items():
        yield f"signature: {name}", f"{header}.{payload}.{b64(forged)}"


def with_shared_secret(maker: TokenMaker, shared_secret: str) -> Iterator[Named]:
    secret = shared_secret.encode()
    bare = {"alg": "HS256", "typ": "JWT"}
    claims = maker.claims()
    for alg, digest in (("HS384", "sha384"), ("HS512", "sha512")):
        yield (
            f"{alg} with the right secret",
            compact(bare | {"alg": alg}, claims, hs(secret, digest)),
        )
    yield "ES256 over an HMAC with the right secret", compact(maker.header(), claims, hs(secret))
    yield (
        "none over an HMAC with the right secret",
        compact(bare | {"alg": "none"}, claims, hs(secret)),
    )
    yield "HS256 over an ES256 signature", maker.headed(alg="HS256")
    yield "HS256 with the secret cut", compact(bare, claims, hs(secret[:-1]))
    yield "HS256 with more than the secret", compact(bare, claims, hs(secret + b"\n"))
    for role in ("anon", "service_role"):
        api_key = {
            "iss": "supabase",
            "ref": "abcdefghijklmnopqrst",
            "role": role,
            "iat": maker.seconds - 86_400,
            "exp": maker.seconds + 315_360_000,
        }
        yield f"legacy {role} key, HS256", compact(bare, api_key, hs(secret))
        dressed = maker.claims(role=role)
        yield f"{role} key, else right, HS256", compact(bare, dressed, hs(secret))
    yield "expired, HS256", compact(bare, maker.claims(exp=maker.seconds - 60), hs(secret))
