"""What people see of Driftless over HTTP: Argo CD's REST resources, and simple pages.

In: one HTTP API event (payload 2.0). Out: its answer. Never: a decision about a cluster; what changes something is
recorded and sent on, what needs a cluster is asked of the sync function. The order of reading:
request → identity → router → a resource (applications, operations, live, clusters, catalog, account, pages).
"""
