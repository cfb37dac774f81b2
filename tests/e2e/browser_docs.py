"""The page at /docs, used in a real browser: `make docs-browser`.

The file is not collected by itself, for it needs Chromium. Pictures are left in build/.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.e2e.chromium import Browser, open_browser
from tests.e2e.people import PASSWORD, new_person
from tests.e2e.rest import Rest
from tests.e2e.service import Service

pytestmark = pytest.mark.asyncio

PICTURES: Final = Path(__file__).parents[2] / "build"
_READY: Final = "document.querySelector('#operations')?.getAttribute('aria-busy') === 'false'"
_GET_USER: Final = "#UserService_GetUser"
_LIST_USERS: Final = "#UserService_ListUsers"


@pytest_asyncio.fixture
async def browser(service: Service, tmp_path: Path) -> AsyncIterator[Browser]:
    """A browser that shows the page."""
    async with open_browser(tmp_path) as browser:
        await browser.resize(1440, 1000)
        await browser.open(f"{service.site.gateway_url}/docs")
        await browser.wait(_READY)
        yield browser


async def text(browser: Browser, selector: str) -> str:
    """The text of an element, once it is there."""
    found = json.dumps(selector)
    await browser.wait(f"document.querySelector({found})")
    shown: str = await browser.evaluate(f"document.querySelector({found}).textContent")
    return shown


def keep(name: str, picture: bytes) -> None:
    """Leave a picture for people to look at."""
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / name).write_bytes(picture)


async def log_in(browser: Browser, email: str, password: str) -> None:
    await browser.click("#authorize")
    await browser.type("dialog input[name=email]", email)
    await browser.type("dialog input[name=password]", password)
    await browser.click("dialog form[name=login] button[type=submit]")


async def call(browser: Browser, operation: str) -> dict[str, Any]:
    """Open an operation, send what its form proposes, and read the answer."""
    await browser.click(f"{operation} > summary")
    await browser.click(f"{operation} form button[type=submit]")
    answer: dict[str, Any] = json.loads(await text(browser, f"{operation} .answer-body"))
    return answer


async def test_somebody_logs_in_there_and_calls(
    browser: Browser, rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    await log_in(browser, person.email, PASSWORD)
    await browser.wait("!document.querySelector('dialog').open")
    answer = await call(browser, _GET_USER)
    assert (answer["user"]["id"], answer["user"]["email"]) == (person.id, person.email)
    assert (await text(browser, f"{_GET_USER} .outcome")).startswith("200 OK")
    assert "x-request-id: " in await text(browser, f"{_GET_USER} .answer-headers")
    command = await text(browser, f"{_GET_USER} .answer-curl")
    assert command.startswith(f"curl -X GET '{service.site.gateway_url}/v1/users/me'")
    assert '"Authorization: Bearer $TOKEN"' in command
    await browser.evaluate(
        f"document.querySelector('{_GET_USER}').scrollIntoView({{behavior: 'instant'}})"
    )
    keep("docs.png", await browser.screenshot())
    assert browser.complaints() == []
    origins = {urlsplit(url).netloc for url in browser.requested()}
    assert origins == {urlsplit(service.site.gateway_url).netloc}


async def test_what_is_refused_is_shown_as_it_is(browser: Browser) -> None:
    answer = await call(browser, _LIST_USERS)
    assert answer["reason"] == "TOKEN_MISSING"
    assert (await text(browser, f"{_LIST_USERS} .outcome")).startswith("401")


async def test_a_wrong_password_is_told_in_the_dialog_and_the_token_may_be_pasted_instead(
    browser: Browser, rest: Rest
) -> None:
    person = await new_person(rest)
    await log_in(browser, person.email, "not this one")
    await browser.wait("document.querySelector('form[name=login] .error').textContent")
    assert await browser.evaluate("document.querySelector('dialog').open")
    await browser.type("dialog input[name=token]", person.access_token)
    await browser.click("dialog form[name=paste] button[type=submit]")
    assert (await call(browser, _GET_USER))["user"]["id"] == person.id
    kept = await browser.evaluate(
        "localStorage.length + sessionStorage.length + document.cookie.length"
    )
    assert kept == 0


async def test_every_operation_can_be_opened_in_every_width_and_colour(browser: Browser) -> None:
    await browser.evaluate(
        "document.querySelectorAll('details.operation').forEach(one => { one.open = true; })"
    )
    await browser.wait(
        "document.querySelectorAll('details.operation').length"
        " === document.querySelectorAll('details.operation form').length"
    )
    await browser.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for scheme, width in (("dark", 1440), ("light", 820), ("dark", 360)):
        await browser.prefer(scheme)
        await browser.resize(width, 900)
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await browser.evaluate(overflow) <= 0, f"{width} pixels are not enough"
    unnamed = await browser.evaluate(
        "[...document.querySelectorAll('input, select, textarea')].filter("
        "one => !one.labels.length || !one.labels[0].textContent.trim()).length"
    )
    assert unnamed == 0
    assert browser.complaints() == []


async def test_pictures_of_other_widths_and_colours(browser: Browser, rest: Rest) -> None:
    person = await new_person(rest)
    await log_in(browser, person.email, PASSWORD)
    await browser.wait("!document.querySelector('dialog').open")
    await browser.prefer("dark")
    await browser.click("#AuthService_Register > summary")
    keep("docs-dark.png", await browser.screenshot())
    await browser.resize(390, 844)
    await browser.evaluate(
        "document.querySelector('#AuthService_Register').scrollIntoView({behavior: 'instant'})"
    )
    keep("docs-narrow.png", await browser.screenshot())
    await browser.click("#authorize")
    await browser.press("Escape")
    await browser.wait("!document.querySelector('dialog').open")
    assert browser.complaints() == []


async def test_the_policy_stops_what_the_page_never_does(browser: Browser) -> None:
    run = await browser.evaluate(
        "(() => { const s = document.createElement('script');"
        " try { s.text = 'window.ran = 1'; document.body.append(s); } catch { return 'refused'; }"
        " return window.ran ?? 'refused'; })()"
    )
    assert run == "refused"
    assert await browser.evaluate(
        "(() => { try { document.body.innerHTML = '<b>x</b>'; return false; }"
        " catch (error) { return error instanceof TypeError; } })()"
    )
    assert await browser.evaluate(
        "fetch('http://203.0.113.7/').then(() => false, error => error instanceof TypeError)"
    )
    assert browser.complaints() != [], "the browser says so"
