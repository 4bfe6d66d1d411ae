"""A decision becomes tasks, and tasks become the next step.

A sync is a step function: read what is recorded and what is live, find the first (phase, wave) that is not done, do it
or wait for it, save, leave. Nothing of a plan is stored: it is made anew from the comparison on every visit, so a
visit that dies costs time and nothing else.

    tasks     compared rows become tasks by phase, wave, kind and name
    hooks     which objects are hooks, and of which phases
    ranks     the kind order
    step      tasks and the results so far become the next step
"""
