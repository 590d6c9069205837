"""The report of a run: one page that contains all of its data and needs no network.

`material` collects the page's data as values for JSON, and `page` writes them into the templates. The browser computes
only what a reader requests, such as sorting and comparing. Everything else is computed here.
"""

REPORT = "report.html"
"""The file name of the page in the run's folder."""
