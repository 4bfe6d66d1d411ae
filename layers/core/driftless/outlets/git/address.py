"""Which addresses may be asked: https and http, never this machine's own services or a cloud's metadata.

In: a URL as an application wrote it; later, the peer of each connection. Out: the URL to use, mirrors applied.
The peer is checked after the name is resolved and after every redirect, so neither can lead elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import unquote, urlsplit

from driftless.vocabulary.errors import NotBuiltYet, SourceError
from driftless.vocabulary.git import shown

_REFUSED = tuple(
    ip_network(n) for n in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32", "0.0.0.0/32")
)
RUNTIME_API_PORT = 9001
"""Lambda's own API listens there on loopback, with the next invocation's event."""


def rewritten(url: str, instead_of: Sequence[tuple[str, str]]) -> str:
    """The URL to ask: the longest fitting prefix replaced, as git's url.insteadOf does. Refuses other transports."""
    for prefix, replacement in instead_of:
        if url.startswith(prefix):
            url = replacement + url.removeprefix(prefix)
            break
    _refuse_unreadable(url)
    scheme = urlsplit(url).scheme.lower()
    if scheme in ("https", "http") and urlsplit(url).hostname:
        return url
    short_ssh = not scheme and "@" in url.partition("/")[0] and ":" in url
    if scheme in ("ssh", "git+ssh") or short_ssh or (":" in url.partition("/")[0] and "://" not in url):
        raise NotBuiltYet(f"{shown(url)}: Git over ssh is not built yet", hint="use the repository's https address")
    if scheme == "oci":
        raise NotBuiltYet(f"{shown(url)}: sources from an OCI registry are not built yet", hint="use a Git repository")
    raise SourceError(
        "revision", f"{shown(url) or 'an empty repoURL'} is not an address we fetch from", hint="use https://host/path"
    )


def _refuse_unreadable(url: str) -> None:
    """urlsplit drops line ends without a word, and fails late on ports and brackets."""
    try:
        readable = url.isprintable() and " " not in url and urlsplit(url).port != 0
    except ValueError:
        readable = ":" in url and "://" not in url  # git's short form of ssh has no port
    if not readable:
        raise SourceError(
            "revision", f"{shown(url)[:200]!r} is not an address", hint="use https://host/path, without spaces"
        )


def without_user(url: str) -> tuple[str, tuple[str, str] | None]:
    """`https://user:password@host/path` -> the address alone, and (user, password) if a password was written."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, None
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, (unquote(parts.username or ""), unquote(parts.password)) if parts.password else None


def refuse_peer(host: str, port: int) -> None:
    """Raise SourceError when a connection ends where no Git host can be."""
    peer = ip_address(host.partition("%")[0])
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped:
        peer = peer.ipv4_mapped
    ours = peer.is_loopback and port == RUNTIME_API_PORT
    if ours or any(peer.version == network.version and peer in network for network in _REFUSED):
        raise SourceError(
            "revision",
            f"the repository's address leads to {peer}, which is not a Git host but this machine's own service",
            hint="check repoURL and where its name resolves to",
        )
