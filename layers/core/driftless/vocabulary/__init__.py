"""Our words: what every room may know. In: nothing. Out: values, refusals. Never: I/O, or a decision."""
