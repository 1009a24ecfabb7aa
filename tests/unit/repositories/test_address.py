import pytest

from epyflow.errors import EpyflowError
from epyflow.repositories.address import Address, is_address, parse_address


@pytest.mark.parametrize(
    ("text", "url", "ref"),
    [
        ("git+https://github.com/o/r@main", "https://github.com/o/r", "main"),
        ("git+https://github.com/o/r.git@v1.0", "https://github.com/o/r.git", "v1.0"),
        ("git+https://host:8443/o/r@feature/x", "https://host:8443/o/r", "feature/x"),
        ("git+https://github.com/o/r", "https://github.com/o/r", "HEAD"),
        ("git+http://127.0.0.1:80/r@main", "http://127.0.0.1:80/r", "main"),
        ("git+file:///data/r.git@main", "file:///data/r.git", "main"),
    ],
)
def test_an_address_is_a_url_and_a_ref(text, url, ref):
    assert parse_address(text) == Address(url, ref)


def test_only_what_begins_with_git_is_an_address():
    assert is_address("git+https://github.com/o/r")
    assert not is_address("git")
    assert not is_address("../my-study")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("git+http://github.com/o/r@main", "is not encrypted"),
        ("git+ssh://github.com/o/r@main", "has another scheme"),
        ("git+https:///o/r@main", "has another scheme"),
        ("git+https://github.com/@main", "names no repository"),
        ("git+https://github.com/o/r@", "no branch, tag or commit"),
        ("git+https://github.com/o/r@--upload-pack=x", "no branch, tag or commit"),
        ("git+https://github.com/o/r@a..b", "no branch, tag or commit"),
        ("git+https://github.com/o/r@a b", "no branch, tag or commit"),
        ("git+https://github.com/o/r?x=1", "a part after"),
        ("git+https://github.com:port/o/r", "is not a URL"),
    ],
)
def test_what_is_no_address_is_refused_with_an_example(text, why):
    with pytest.raises(EpyflowError, match=f"{why}.*; expected an address such as git"):
        parse_address(text)


@pytest.mark.parametrize("user", ["secret", "me:secret", "secret:"])
def test_a_token_in_an_address_is_refused_and_not_repeated(user):
    with pytest.raises(EpyflowError, match="set EPYFLOW_GIT_TOKEN instead") as caught:
        parse_address(f"git+https://{user}@github.com/o/r@main")

    assert "secret" not in str(caught.value)
