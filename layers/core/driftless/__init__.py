"""Driftless: serverless GitOps for Kubernetes.

The house, in the order that a change walks through it (ARCHITECTURE.md tells the walk, a test keeps this list true):

    intake      a provider's bytes and headers become a Push
    interest    which applications care about that push
    revision    a targetRevision and a repository's refs become a commit
    checkout    a commit becomes an artifact: the closed input of one render
    render      an artifact becomes a bundle of Kubernetes objects
    compare     a bundle and the live objects become a comparison
    health      an object becomes a health status
    policy      a comparison becomes a decision: may we act?
    plan        a decision becomes tasks by phase, wave, kind and name; and the next step
    apply       one step of tasks goes onto the cluster
    record      what was decided and done is kept: state, operations, history, leases, outbox

    flows       the order of these steps, per trigger, and nothing else
    outlets     the only files that touch the world
    vocabulary  the words that all of them speak
    console     REST resources        cli     the `driftless` command
"""
