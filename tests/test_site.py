"""The site of docs/: mkdocs builds it strictly, it has every command, and loads nothing from another host."""

import html
import re
import subprocess
import sys
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.search.chromium import browser
from valp.search.cli import cli

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).parent.parent
LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "object": "data"}
ELSEWHERE = re.compile(r"""(?:@import\s*["']|url\(\s*["']?)\s*(?:https?:)?//""")
CONNECTED = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "modulepreload"}
"""The `rel` of links that a browser loads."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` builds it; a broken link or anchor, or a page off the navigation, fails it."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed")
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    pytest.importorskip("mkdocs_click", reason="mkdocs-click is not installed")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def address(site):
    """Where the site is served."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Loaded(HTMLParser):
    """The addresses that a page makes a browser load."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "link" and not CONNECTED & set((values.get("rel") or "").split()):
            return
        self.found.append(values.get(LOADING.get(tag, "")) or "")


def test_every_page_of_docs_is_in_the_site(site):
    assert {page.stem for page in (ROOT / "docs").glob("*.md")} <= {page.stem for page in site.glob("*.html")}


def test_no_page_and_no_style_sheet_names_another_host_to_load_from(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        text = page.read_text()
        loaded = Loaded(text).found
        assert any(name.endswith(".js") for name in loaded)
        assert [name for name in loaded if re.match(r"(\w+:)?//", name)] == [], page.name
        assert not ELSEWHERE.search(text), page.name
    for sheet in site.rglob("*.css"):
        assert not ELSEWHERE.search(sheet.read_text()), sheet.name


def test_every_command_has_its_section_with_its_options_and_examples(site):
    page = (site / "cli.html").read_text()
    for name, command in cli.commands.items():
        section = page.split(f'id="valp-{name}"')[1].split("<h3")[0]
        options = [option for part in command.params for option in part.opts if option.startswith("--")]
        assert all(option in section for option in options), name
        examples = re.findall(rf"^ +(valp {name}.*)$", command.help or "", re.MULTILINE)
        shown = html.unescape(re.sub(r"<.*?>", "", section)).splitlines()
        assert examples, name
        assert set(examples) <= set(shown), name


def test_the_search_works_on_pages_that_are_opened_as_files(site):
    with browser() as opened:
        page = opened.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{site.as_uri()}/index.html")
        page.click(".md-search__input")
        page.keyboard.type("balancing")
        page.wait_for_selector(".md-search-result__item a[href*='balancing.html']", state="attached")
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []


def test_a_browser_loads_from_the_sites_own_host_only_and_its_search_finds_pages(site, address):
    with browser() as opened:
        page = opened.new_page()
        asked, wrong = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        for name in ("index", "concepts", "cli"):
            page.goto(f"{address}/{name}.html")
        page.click(".md-search__input")
        page.keyboard.type("balancing")
        page.wait_for_selector(".md-search-result__item a[href*='balancing.html']", state="attached")
    assert wrong == []
    assert any(url.endswith("search_index.json") for url in asked)
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
