"""A commit becomes an artifact: the closed input of one render, named by what it holds.

In: a commit's `Trees` and an application's source. Out: a `Footprint` (the files a render may read, and the objects
whose change would change them), its digest, and the packed bytes; `unpack` puts them on disk where they are rendered.
Git's object ids make it cheap: whether an application's inputs changed, and what its artifact is called, is known
without reading a file. Raises SourceError for what leaves the repository, is not there, or is too much.
"""

from driftless.checkout.artifact import digest, pack, unpack
from driftless.checkout.footprint import Footprint, footprint, unchanged

__all__ = ["Footprint", "digest", "footprint", "pack", "unchanged", "unpack"]
