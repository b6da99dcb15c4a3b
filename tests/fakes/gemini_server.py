"""A server that speaks the part of Gemini's REST API that the product uses: generateContent.

It is as strict about requests as Gemini is, and answers as the test has told it to; without a
word, with a plan or with suggestions, by what is asked for.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

KEY = "gemini-test-key"
_PATH = re.compile(r"/v1beta/models/([a-z0-9.-]+):generateContent\?.*")
_SCHEMA_FIELDS = {
    *("type", "format", "description", "nullable", "enum", "items", "maxItems", "minItems"),
    *("properties", "required"),
}
# As numbers, which the client library asks for.
STOP, MAX_TOKENS, SAFETY, RECITATION, OTHER, PROHIBITED_CONTENT = 1, 2, 3, 4, 5, 8

SYSTEM: dict[str, Any] = {
    "title": "Easy run",
    "description": "Slow enough to talk.",
    "frequency": "weekly",
    "daysOfWeek": [1, 3, 6],
    "timesPerWeek": None,
    "metricType": "duration",
    "targetValue": 30,
    "targetUnit": "minutes",
    "targetTime": "07:00",
    "verificationRequired": False,
}
STRETCH = SYSTEM | {
    "title": "Stretch",
    "frequency": "daily",
    "daysOfWeek": None,
    "metricType": "binary",
    "targetValue": None,
    "targetUnit": None,
    "targetTime": None,
}
PLAN: dict[str, Any] = {
    "goal": {
        "title": "Run a half marathon",
        "description": "Twenty-one kilometres, with a smile.",
        "category": "Health",
        "priority": "high",
        "targetDate": "2026-09-30",
    },
    "systems": [SYSTEM, STRETCH],
    "rationale": "Short runs are kept up more easily.",
}


@dataclass(frozen=True)
class Reply:
    """`hangs` never answers; `half` announces more than it sends."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    half: bool = False


def _content(
    text: str | None, *, finish: int = STOP, read: int = 900, written: int = 400, thought: int = 100
) -> dict[str, Any]:
    content = {"role": "model"} | ({"parts": [{"text": text}]} if text is not None else {})
    return {
        "candidates": [
            {"content": content, "finishReason": finish, "index": 0, "avgLogprobs": -0.1}
        ],
        "usageMetadata": {
            "promptTokenCount": read,
            "candidatesTokenCount": written,
            "totalTokenCount": read + written + thought,
            "thoughtsTokenCount": thought,
            "promptTokensDetails": [{"modality": 1, "tokenCount": read}],
        },
        "modelVersion": "gemini-test-001",
        "responseId": "b2Zmc2V0",
    }


def says(answer: Any, *, finish: int = STOP) -> Reply:
    """An answer of the model: text as it is, anything else as JSON."""
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return Reply(body=json.dumps(_content(text, finish=finish)).encode())


def plan(**goal: Any) -> Reply:
    return says(PLAN | {"goal": PLAN["goal"] | goal})


def error(status: int, *, retry_delay: str | None = None, name: str = "UNAVAILABLE") -> Reply:
    details = (
        [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry_delay}]
        if retry_delay
        else []
    )
    said = {"code": status, "message": "vendor says no", "status": name, "details": details}
    return Reply(status, json.dumps({"error": said}).encode())


HANGS = Reply(hangs=True)
GARBAGE = Reply(body=b"<html>Welcome to the hotel</html>")
HALF = Reply(body=says(PLAN).body, half=True)
NOTHING = Reply(body=b"{}")
BLOCKED_PROMPT = Reply(
    body=json.dumps(
        {"promptFeedback": {"blockReason": 4}, "usageMetadata": {"promptTokenCount": 900}}
    ).encode()
)
BLOCKED_ANSWER = Reply(body=json.dumps(_content(None, finish=SAFETY)).encode())
TRUNCATED = Reply(body=json.dumps(_content('{"goal": {"title": "Ru', finish=MAX_TOKENS)).encode())


@dataclass(frozen=True, slots=True)
class GeminiRequest:
    model: str
    body: dict[str, Any]

    @property
    def instruction(self) -> str:
        return "".join(part["text"] for part in self.body["systemInstruction"]["parts"])

    @property
    def messages(self) -> list[tuple[str, str]]:
        return [
            (content["role"], "".join(part["text"] for part in content["parts"]))
            for content in self.body["contents"]
        ]


@dataclass
class GeminiServer:
    url: str = ""
    requests: list[GeminiRequest] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    hanging: int = 0
    _script: deque[Reply] = field(default_factory=deque)
    _always: Reply | None = None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _release: asyncio.Event = field(default_factory=asyncio.Event)

    def reply(self, *replies: Reply) -> None:
        """How to answer the next requests."""
        self._script.extend(replies)

    def always(self, reply: Reply) -> None:
        """How to answer every request that no `reply` is left for."""
        self._always = reply

    async def hang(self, count: int) -> None:
        """Return when so many requests are waiting in vain."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: self.hanging >= count)

    def hang_anew(self) -> None:
        """What hangs from now on waits for another release."""
        self.hanging, self._release = 0, asyncio.Event()

    def release(self) -> None:
        """Answer those that hang, well or as `always` says by now."""
        self._release.set()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        reply = self._take(head[0], headers, body)
        if reply.hangs:
            released = self._release
            async with self._news:
                self.hanging += 1
                self._news.notify_all()
            await released.wait()
            reply = self._always or reply
            reply = _by_default(body) if reply.hangs else reply
        lines = [f"HTTP/1.1 {reply.status} Answer", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        lines += [f"Content-Length: {len(reply.body)}", "Connection: close", "", ""]
        sent = reply.body[: len(reply.body) // 2] if reply.half else reply.body
        writer.write("\r\n".join(lines).encode() + sent)
        await writer.drain()

    def _take(self, first_line: str, headers: dict[str, str], body: dict[str, Any]) -> Reply:
        method, target, _ = first_line.split()
        path = _PATH.fullmatch(target)
        if method != "POST" or path is None:
            return error(404, name="NOT_FOUND")
        self.requests.append(GeminiRequest(path[1], body))
        if headers.get("x-goog-api-key") != KEY or KEY in target:
            return error(400, name="INVALID_ARGUMENT")
        problems = list(_problems(body))
        if problems:
            self.problems += problems
            return error(400, name="INVALID_ARGUMENT")
        if self._script:
            return self._script.popleft()
        return self._always or _by_default(body)


def _by_default(body: dict[str, Any]) -> Reply:
    wanted = body["generationConfig"]["responseSchema"]["properties"]
    return says(PLAN) if "goal" in wanted else says({"systems": PLAN["systems"]})


def _problems(body: dict[str, Any]) -> list[str]:
    """What Gemini would refuse."""
    found = [
        f"unknown {name}"
        for name in body.keys() - {"contents", "systemInstruction", "generationConfig"}
    ]
    roles = [content["role"] for content in body["contents"]]
    if (
        roles[0] != "user"
        or roles[-1] != "user"
        or any(here == there for here, there in pairwise(roles))
    ):
        found.append(f"turns: {roles}")
    if any(not part["text"] for content in body["contents"] for part in content["parts"]):
        found.append("an empty part")
    config = body["generationConfig"]
    if config.get("responseMimeType") != "application/json":
        found.append("no JSON asked for")
    return found + _schema_problems(config["responseSchema"])


def _schema_problems(schema: dict[str, Any]) -> list[str]:
    found = [f"unknown {name} in a schema" for name in schema.keys() - _SCHEMA_FIELDS]
    if not isinstance(schema.get("type"), int):
        found.append("a schema without a type")
    properties = schema.get("properties", {})
    if missing := set(schema.get("required", [])) - properties.keys():
        found.append(f"required but unknown: {missing}")
    for inner in [*properties.values(), *([schema["items"]] if "items" in schema else [])]:
        found += _schema_problems(inner)
    return found


@asynccontextmanager
async def gemini_server() -> AsyncIterator[GeminiServer]:
    """Runs the fake on a free port of this machine."""
    fake = GeminiServer()
    server = await asyncio.start_server(fake.handle, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield fake
        fake.release()
        server.close()
    assert fake.problems == []
