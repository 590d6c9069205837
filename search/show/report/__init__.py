"""The report of a run: one page that holds all it shows and opens without a network.

`material` gathers what the page says, as values that JSON can hold; `page` writes them into the templates. Nothing is
computed in the browser that could be computed here, but for what a reader asks of it: sorting, choosing, comparing.
"""

REPORT = "report.html"
"""The page's name in the folder of its run."""
