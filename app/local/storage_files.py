"""The objects of the Supabase Storage stand-in: one file each, below one directory.

A file is named after the hash of its object's name, so no name can lead anywhere else. Its first
line says, as JSON, what the object is called and what type it has; the content follows.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path


class ObjectExistsError(Exception):
    """There is an object of this name already."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    name: str
    content_type: str
    cache_control: str


class StorageFiles:
    """Nothing is made before the first object is stored. Safe across processes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, bucket: str, info: ObjectInfo, content: bytes) -> None:
        """Store an object, whole or not at all. Raises ObjectExistsError."""
        place = self._place(bucket, info.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=place.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(asdict(info)).encode() + b"\n" + content)
            os.link(draft, place)  # unlike a rename, it never replaces
        except FileExistsError:
            raise ObjectExistsError from None
        finally:
            os.unlink(draft)

    def get(self, bucket: str, name: str) -> tuple[ObjectInfo, bytes] | None:
        try:
            header, _, content = self._place(bucket, name).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        return ObjectInfo(**json.loads(header)), content

    def remove(self, bucket: str, name: str) -> bool:
        """False when there is no such object."""
        try:
            self._place(bucket, name).unlink()
        except FileNotFoundError:
            return False
        return True

    def names(self, bucket: str) -> list[str]:
        """The names of all objects of a bucket."""
        names = []
        for place in sorted((self._directory / bucket).glob("*.object")):
            with place.open("rb") as file:
                names.append(str(json.loads(file.readline())["name"]))
        return sorted(names)

    def _place(self, bucket: str, name: str) -> Path:
        return self._directory / bucket / f"{hashlib.sha256(name.encode()).hexdigest()}.object"
