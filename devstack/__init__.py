"""The development stack: a real control plane, local AWS, a Git server and the functions, on one machine.

It reads `template.yaml` for what runs and runs it; nothing here ships to Lambda, so it may import `driftless`
and not the other way round. `devstack.main` is its door.

    main ─▶ supervisor ─▶ stack ─▶ build · controlplane · eks · localaws · gitserver · functions
"""
