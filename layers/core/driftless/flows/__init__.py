"""The order of the steps, per trigger, and nothing else: no Kubernetes words, no decisions.

webhook    a push comes in                        poll       the safety net, every three minutes
fetch      a repository is looked up (fetching)   relay      letters of the outbox go out
sync       an application is visited (syncing)    scan       a cluster is looked at as a whole
register   an application is created, changed, asked to go
questions  diff, manifests, resource tree         direct     invokes of the sync function by people
document   Argo CD's Application JSON             wiring     what all of them stand on
"""
