"""What was decided and done is kept: applications, their state, history, leases, outbox, repositories, clusters.

In: values of the corridor. Out: the same values, later. Never: a decision. The table's access patterns (which item
lies where, who reads it how) are in ARCHITECTURE.md; each module here owns the items of one pattern.
"""
