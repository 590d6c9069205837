"""Opens reports in a browser."""

from playwright.sync_api import Page


def opened(browser, path, width=1280, height=900, scheme="light", fragment="") -> Page:
    """A page that is ready; `page.heard` collects its console messages, errors and requests to other addresses."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce")
    page.heard = []
    page.on("console", lambda message: page.heard.append(message.text))
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.on("request", lambda request: None if own(request.url, path) else page.heard.append(request.url))
    page.goto(f"{path.as_uri()}{fragment}")
    page.wait_for_selector("html[data-ready]")
    return page


def own(url, path):
    """Whether a request is for the page itself or for data in it."""
    return url.split("#")[0] == path.as_uri() or url.startswith("data:")
