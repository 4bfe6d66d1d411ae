"""One look at one repository, step by step; flows/fetch says in which order.

look             targets become commits, sources become artifacts' names
publish          who changed is told: artifact, target, message, and only then the record
named_revision   `app sync --revision`: one operation's own artifact
"""
