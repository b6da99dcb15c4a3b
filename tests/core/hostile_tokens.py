"""Access tokens that must be refused, each for one reason, beside tokens that must be accepted."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from tests.core import hostile_contents, hostile_signatures
from tests.core.token_maker import Named, TokenMaker, compact, es256


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
        hostile_signatures.algorithms(maker),
        hostile_signatures.public_key_as_secret(maker),
        hostile_signatures.kids(maker),
        hostile_contents.headers(maker),
        hostile_contents.shapes(maker),
        hostile_signatures.signatures(maker),
        hostile_contents.claims(maker),
        hostile_contents.times(maker),
        hostile_contents.payloads(maker),
        hostile_signatures.with_shared_secret(maker, shared_secret) if shared_secret else (),
    )
    return [named for group in groups for named in group]


def survives_http(token: str) -> bool:
    """Whether an HTTP client can send `token` in a header, and its parser leaves it as it is."""
    if len(token) > 16_000:  # servers limit the size of headers themselves
        return False
    return token.isascii() and token.isprintable() and token.strip() == token != ""
