"""Access tokens that must be refused, each for one reason, beside tokens that must be accepted."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.core.token_maker import TokenMaker, b64, compact, ec_jwk, es256, hs, rs256

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

Named = tuple[str, str]


def legitimate_tokens(maker: TokenMaker) -> list[Named]:
    """Neighbours of the hostile tokens on the right side of each line."""
    header = {"alg": "ES256", "kid": maker.kid}
    return [
        ("plain", maker.token()),
        ("without typ", compact(header, maker.claims(), es256(maker.key))),
        ("typ in lower case", maker.headed(typ="jwt")),
        ("aud as a list of one", maker.token(aud=["authenticated"])),
        ("expired within the leeway", maker.token(exp=maker.seconds - 29)),
        ("issued within the leeway", maker.token(iat=maker.seconds + 29)),
        ("valid from within the leeway", maker.token(nbf=maker.seconds + 29)),
        ("valid since a while", maker.token(nbf=maker.seconds - 60)),
        ("exp with a fraction", maker.token(exp=maker.seconds + 60.5)),
        ("sub in upper case", maker.token(sub=maker.user_id.upper())),
        ("without is_anonymous", maker.without("is_anonymous")),
        ("without email", maker.without("email")),
        ("empty email", maker.token(email="")),
        ("without session_id", maker.without("session_id")),
        ("without user_metadata", maker.without("user_metadata")),
        ("user_metadata null", maker.token(user_metadata=None)),
        ("an unknown claim", maker.token(hook_added={"plan": "pro"})),
        ("nearly too long", maker.token(user_metadata={"bio": "x" * 5000})),
    ]


def hostile_tokens(
    *,
    key: ec.EllipticCurvePrivateKey,
    kid: str,
    issuer: str,
    now: datetime,
    shared_secret: str | None = None,
) -> list[Named]:
    """Named tokens that a verifier which trusts `key` (and `shared_secret`) must refuse.

    `key` is the private key behind the published P-256 key `kid`; most tokens are properly signed
    with it and wrong in one thing only. `now` is the verifier's time.
    """
    maker = TokenMaker(key=key, kid=kid, issuer=issuer, now=now)
    groups = (
        _algorithms(maker),
        _public_key_as_secret(maker),
        _kids(maker),
        _headers(maker),
        _shapes(maker),
        _signatures(maker),
        _claims(maker),
        _times(maker),
        _payloads(maker),
        _with_shared_secret(maker, shared_secret) if shared_secret else (),
    )
    return [named for group in groups for named in group]


def survives_http(token: str) -> bool:
    """Whether an HTTP client can send `token` in a header, and its parser leaves it as it is."""
    if len(token) > 16_000:  # servers limit the size of headers themselves
        return False
    return token.isascii() and token.isprintable() and token.strip() == token != ""


def _algorithms(maker: TokenMaker) -> Iterator[Named]:
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


def _public_key_as_secret(maker: TokenMaker) -> Iterator[Named]:
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


def _kids(maker: TokenMaker) -> Iterator[Named]:
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


def _headers(maker: TokenMaker) -> Iterator[Named]:
    own = ec.generate_private_key(ec.SECP256R1())
    own_jwk = ec_jwk(own.public_key(), "own")
    for name, kid in (("their own kid", "own"), ("our kid", maker.kid)):
        for key_header, value in (
            ("jwk", own_jwk),
            ("jku", "https://evil.example/jwks.json"),
            ("x5u", "https://evil.example/key.pem"),
            ("x5c", ["MIIB"]),
        ):
            header = maker.header(kid=kid, **{key_header: value})
            yield f"{key_header} in the header, {name}", compact(header, maker.claims(), es256(own))
    yield "our own key embedded", maker.headed(jwk=ec_jwk(maker.key.public_key(), maker.kid))
    yield "crit", maker.headed(crit=["exp"], exp=maker.seconds + 60)
    yield "crit, empty", maker.headed(crit=[])
    yield "b64 false", maker.headed(b64=False, crit=["b64"])
    yield "b64 false, not declared", maker.headed(b64=False)
    yield "zip", maker.headed(zip="DEF")
    yield "typ of another kind", maker.headed(typ="dpop+jwt")
    yield "typ not a string", maker.headed(typ=["JWT"])
    our_kid = maker.kid.encode()
    bodies = {
        "alg twice": b'{"alg":"none","alg":"ES256","kid":"%s"}' % our_kid,
        "kid twice": b'{"alg":"ES256","kid":"x","kid":"%s"}' % our_kid,
        "array": b'["ES256"]',
        "string": b'"ES256"',
        "number": b"1",
        "null": b"null",
        "empty object": b"{}",
        "not JSON": b"{alg:ES256}",
        "cut off": b'{"alg":"ES256","kid":"%s"' % our_kid,
        "not UTF-8": b'{"alg":"ES256","kid":"\xff\xfe"}',
        "UTF-16": '{"alg":"ES256"}'.encode("utf-16"),
        "byte order mark": b'\xef\xbb\xbf{"alg":"ES256","kid":"%s"}' % our_kid,
        "NaN": b'{"alg":"ES256","kid":"%s","x":NaN}' % our_kid,
        "arrays nested deeply": b"[" * 5000,
        "objects nested deeply": b'{"a":' * 1100,
        "huge number": b'{"alg":"ES256","kid":%s}' % (b"9" * 5000),
    }
    for name, body in bodies.items():
        yield f"header: {name}", maker.raw(header=body)


def _shapes(maker: TokenMaker) -> Iterator[Named]:
    good = maker.token()
    header, payload, signature = good.split(".")
    signed = maker.headed(crit=["b64"], b64=False).split(".")
    yield from {
        "empty": "",
        "a space": " ",
        "a word": "undefined",
        "one dot": ".",
        "two dots": "..",
        "many dots": "." * 500,
        "one part": header,
        "two parts": f"{header}.{payload}",
        "four parts": f"{good}.{signature}",
        "five parts (JWE)": f"{header}.{signature}.{signature}.{payload}.{signature}",
        "no header": f".{payload}.{signature}",
        "no payload": f"{header}..{signature}",
        "no signature": f"{header}.{payload}.",
        "payload not encoded": f"{signed[0]}.{json.dumps(maker.claims())}.{signed[2]}",
        "leading space": f" {good}",
        "trailing newline": f"{good}\n",
        "trailing dot": f"{good}.",
        "space inside": f"{header}. {payload}.{signature}",
        "padded": ".".join(p + "=" * (-len(p) % 4) for p in (header, payload, signature)) + "=",
        "impossible length of base64": f"{header}.{payload}.{signature[:-1]}",
        "character outside the alphabet": f"{header}!.{payload}.{signature}",
        "standard alphabet": f"{header}.{payload}.+/{signature[2:]}",
        "zero byte": f"{good}\0",
        "zero byte inside": f"{header}\0.{payload}.{signature}",
        "latin-1": f"{good}é",
        "emoji": "🔑.🔑.🔑",
        "lone surrogate": f"{good}\udcff",
        "full-width digits": f"{header}.{payload}.{signature[:-1]}\uff10",
        "twice": f"{good},{good}",
        "with its scheme": f"Bearer {good}",
        "JSON serialization": json.dumps(
            {"protected": header, "payload": payload, "signature": signature}
        ),
        "too long": maker.token(user_metadata={"bio": "x" * 8000}),
        "a megabyte": "a" * 1_000_000,
        "a megabyte in three parts": f"{'a' * 1_000_000}.{payload}.{signature}",
    }.items()


def _signatures(maker: TokenMaker) -> Iterator[Named]:
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


def _claims(maker: TokenMaker) -> Iterator[Named]:
    for claim in ("exp", "iat", "sub", "aud", "iss", "role"):
        yield f"without {claim}", maker.without(claim)
        yield f"{claim} null", maker.token(**{claim: None})
        yield f"{claim} an object", maker.token(**{claim: {}})
        yield f"{claim} an array", maker.token(**{claim: []})
    issuer = maker.issuer
    variants: dict[str, tuple[object, ...]] = {
        "iss": (
            issuer + "/",
            issuer + ".evil.example",
            issuer + "?x",
            issuer[:-1],
            "x" + issuer,
            issuer.upper(),
            issuer + " ",
            [issuer],
            "",
            "supabase",
            "https://other.supabase.co/auth/v1",
        ),
        "aud": (
            "anon",
            "",
            "Authenticated",
            "authenticated ",
            "unauthenticated",
            "authenticated,anon",
            ["anon"],
            ["authenticated", "anon"],
            ["anon", "authenticated"],
            ["authenticated", "authenticated"],
            [["authenticated"]],
            {"authenticated": True},
            True,
        ),
        "role": ("anon", "service_role", "supabase_admin", "Authenticated", "", ["authenticated"]),
        "is_anonymous": (True, "true", "false", 1, 0, None, [], {}),
        "sub": (
            "",
            "alice",
            "alice@example.com",
            1,
            True,
            [maker.user_id],
            maker.user_id.replace("-", ""),
            f"{{{maker.user_id}}}",
            f"urn:uuid:{maker.user_id}",
            f" {maker.user_id}",
            f"{maker.user_id}\0",
            maker.user_id[:-1],
            "0" * 4000,
            "' OR 1=1 --",
        ),
        "email": (1, True, ["alice@example.com"], {}, "a\0@example.com", "\ud800@example.com"),
        "session_id": (1, ["x"], {}, "x\0", "a\nb"),
    }
    for claim, values in variants.items():
        for value in values:
            yield f"{claim}: {value!r:.60}", maker.token(**{claim: value})
    for role in ("anon", "service_role"):
        api_key = {
            "iss": "supabase",
            "ref": "abcdefghijklmnopqrst",
            "role": role,
            "iat": maker.seconds - 86_400,
            "exp": maker.seconds + 315_360_000,
        }
        yield f"legacy {role} key", compact(maker.header(), api_key, es256(maker.key))
        dressed = api_key | {"iss": issuer, "aud": "authenticated", "sub": maker.user_id}
        yield f"{role} key, else right", compact(maker.header(), dressed, es256(maker.key))


def _times(maker: TokenMaker) -> Iterator[Named]:
    now = maker.seconds
    yield "expired an hour ago", maker.token(exp=now - 3600)
    yield "expired just beyond the leeway", maker.token(exp=now - 30)
    yield "not valid yet", maker.token(nbf=now + 60)
    yield "not valid for years", maker.token(nbf=now + 10**8)
    yield "issued in the future", maker.token(iat=now + 60, exp=now + 3600)
    yield "issued in the far future", maker.token(iat=now + 10**8, exp=now + 10**9)
    odd: tuple[object, ...] = (
        str(now + 3600),
        "2999-01-01T00:00:00Z",
        "",
        True,
        float("nan"),
        float("inf"),
        float("-inf"),
        1e300,
        10**30,
        10**400,
        -1,
        -(10**400),
        253_402_300_800,
        (now + 3600) * 1000,
        [now + 3600],
        {"value": now + 3600},
    )
    for claim in ("exp", "iat", "nbf"):
        for value in odd:
            yield (
                f"{claim}: {str(value)[:40]!r} ({type(value).__name__})",
                maker.token(**{claim: value}),
            )
        for literal in (b"1e999", b"-1e999", b"9" * 4400, b"0x7fffffff", b"+1", b"Infinity"):
            body = json.dumps(maker.claims(**{claim: "@"})).encode().replace(b'"@"', literal)
            yield f"{claim}: literal {literal[:12].decode()}", maker.raw(payload=body)
    yield "exp 0", maker.token(exp=0)
    yield "exp false", maker.token(exp=False)
    yield "nbf null", maker.token(nbf=None)


def _payloads(maker: TokenMaker) -> Iterator[Named]:
    good = json.dumps(maker.claims()).encode()
    bodies = {
        "array": b"[" + good + b"]",
        "string": json.dumps(good.decode()).encode(),
        "number": b"1",
        "null": b"null",
        "empty object": b"{}",
        "space": b" ",
        "not JSON": b"sub=alice",
        "cut off": good[:-1],
        "something after the end": good + b"{}",
        "not UTF-8": good.replace(b"alice", b"\xff\xfe"),
        "UTF-16": good.decode().encode("utf-16"),
        "byte order mark": b"\xef\xbb\xbf" + good,
        "zero byte": good + b"\0",
        "sub twice": good[:-1] + b', "sub": "5f0c1e0a-0000-4f7e-9a51-0d3f2b6c8e11"}',
        "role twice": b'{"role": "service_role", ' + good[1:],
        "member of metadata twice": good[:-1] + b', "app": {"a": 1, "a": 2}}',
        "NaN in the metadata": good[:-1] + b', "app": NaN}',
        "arrays nested deeply": good[:-1] + b', "app": ' + b"[" * 2000 + b"]" * 2000 + b"}",
        "objects nested deeply": b'{"a":' * 1050,
    }
    for name, body in bodies.items():
        yield f"payload: {name}", maker.raw(payload=body)


def _with_shared_secret(maker: TokenMaker, shared_secret: str) -> Iterator[Named]:
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
