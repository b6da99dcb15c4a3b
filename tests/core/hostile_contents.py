"""Hostile tokens whose form or content is wrong, however well they are signed."""

import json
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec

from tests.core.token_maker import Named, TokenMaker, compact, ec_jwk, es256


def headers(maker: TokenMaker) -> Iterator[Named]:
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


def shapes(maker: TokenMaker) -> Iterator[Named]:
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


def claims(maker: TokenMaker) -> Iterator[Named]:
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


def times(maker: TokenMaker) -> Iterator[Named]:
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


def payloads(maker: TokenMaker) -> Iterator[Named]:
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
