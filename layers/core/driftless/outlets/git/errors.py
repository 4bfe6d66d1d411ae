"""What a Git host's refusal means: the repository's fault (SourceError) or the hour's (RepositoryUnavailable)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from driftless.vocabulary.errors import DriftlessError, SourceError, Unavailable
from driftless.vocabulary.git import shown


class RepositoryUnavailable(Unavailable):
    """The Git host does not answer, or not as it should; the same question may be answered later."""


def refuse_status(status: int, url: str, known: bool) -> None:
    """Raise what an HTTP status other than 200 means; `known`: we sent credentials."""
    if status == 200:
        return
    where = shown(url)
    if status in (401, 403):
        raise SourceError(
            "revision",
            f"{where} refused our credentials ({status})" if known else f"{where} asks for credentials ({status})",
            hint="check the address, and the secret driftless/repository/… with username and password",
        )
    if status in (404, 410):
        raise SourceError("revision", f"there is no Git repository at {where}", hint="check repoURL")
    raise RepositoryUnavailable(f"{where} answered with status {status}")


@contextmanager
def meaning(url: str) -> Iterator[None]:
    """Turn whatever dulwich and urllib3 raise into an error of ours. A hostile server may make dulwich raise a lot."""
    from dulwich.errors import GitProtocolError
    from urllib3.exceptions import HTTPError, MaxRetryError

    try:
        yield
    except DriftlessError:
        raise
    except (GitProtocolError, HTTPError) as error:
        cause: BaseException = error.__cause__ if isinstance(error.__cause__, HTTPError) else error
        if isinstance(cause, MaxRetryError) and isinstance(cause.reason, Exception):
            cause = cause.reason
        if isinstance(cause, HTTPError):
            raise RepositoryUnavailable(f"{shown(url)} is not answering ({type(cause).__name__})") from error
        raise RepositoryUnavailable(f"{shown(url)} broke off: {_first_line(error)}") from error
    except (OSError, ValueError, LookupError, ArithmeticError, AssertionError, TypeError, EOFError) as error:
        raise RepositoryUnavailable(
            f"{shown(url)} answered what is not Git's protocol ({type(error).__name__})"
        ) from error
    except Exception as error:
        # zlib and dulwich.pack have exceptions of their own without a common base
        if type(error).__module__.split(".")[0] not in ("zlib", "dulwich"):
            raise
        raise RepositoryUnavailable(f"{shown(url)} sent a damaged pack ({type(error).__name__})") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
