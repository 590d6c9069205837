"""The report of a run: one page that holds all of its data and opens without a network.

`material` gathers the page's data as values for JSON; `page` writes them into the templates. The browser computes only
what a reader asks for: sorting, choosing, comparing. All else is computed here.
"""

REPORT = "report.html"
"""The name of the page in the folder of its run."""
