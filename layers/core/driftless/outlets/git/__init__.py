"""Git over smart HTTP: what a repository's refs are, and the content of one commit.

In: a `Remote`. Out: `Refs` of one look-up, `Trees` of one commit. Raises SourceError for what asking again will not
change (no such repository, refused credentials, a forbidden address, over the size cap) and RepositoryUnavailable for
a host that is down or slow. dulwich is loaded when the first repository is asked for.

A commit is fetched without its history into a bare store in /tmp, kept from one invocation to the next: the next
commit brings only what changed. Where the server can, the first fetch leaves out file contents; `Trees` brings those
that are read, many in one request.
"""

from driftless.outlets.git.errors import RepositoryUnavailable
from driftless.outlets.git.remote import Git
from driftless.outlets.git.trees import Trees

__all__ = ["Git", "RepositoryUnavailable", "Trees"]
