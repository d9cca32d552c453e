"""Settings: what is fixed is accepted, what is mistyped is named, what is secret stays so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import Secret, Settings, SettingsError, StoreSettings, load, span
from feeds.kinds import Source

EVERYTHING = """
builtin_sources = true
starter_notes = false

[[sources]]
name = "rust-for-linux"
kind = "lore"
url = "https://lore.example/rust-for-linux"
every = "15m"
filter = "relevant"

[[sources]]
name = "pond"
kind = "notes"
url = "/srv/pond"

[index]
embedder = "/srv/model"
[fetch]
contact = "ops@pond.example"
allow_private = ["127.0.0.1"]
[slack]
api_url = "https://slack.example/api"
mode = "http"
[matrix]
homeserver = "https://matrix.pond.example"
user = "@krab:pond.example"
[admins]
slack = ["U1", "U2"]
matrix = ["@ada:pond.example"]
[llm]
base_url = "http://127.0.0.1:9"
model = "frog-7b"
[web]
listen = "0.0.0.0:80"
allowed_hosts = ["krab.pond.example"]
"""
SECRETS = {
    "KRAB_SLACK_BOT_TOKEN": ("slack", "bot_token"),
    "KRAB_SLACK_APP_TOKEN": ("slack", "app_token"),
    "KRAB_SLACK_SIGNING_SECRET": ("slack", "signing_secret"),
    "KRAB_MATRIX_ACCESS_TOKEN": ("matrix", "access_token"),
    "KRAB_MATRIX_PASSWORD": ("matrix", "password"),
    "KRAB_MATRIX_RECOVERY_KEY": ("matrix", "recovery_key"),
    "KRAB_LLM_API_KEY": ("llm", "api_key"),
    "KRAB_VECTORS_TOKEN": ("vectors", "token"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def told(folder: Path, toml: str, **environ: str) -> Settings:
    """The settings of a TOML text."""
    (folder / "krab.toml").write_text(toml)
    return load({"KRAB_DATA": str(folder), **environ})


def refused(folder: Path, toml: str, **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        told(folder, toml, **environ)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Where they come from


def test_without_a_file_everything_has_a_default(tmp_path: Path) -> None:
    settings = load({}, data=str(tmp_path))
    nobody = (("slack", ()), ("matrix", ()))
    assert settings == Settings(data=tmp_path, admins=nobody, curators=nobody)
    assert (settings.sources, settings.starter_notes, settings.slack.mode) == (None, True, "socket")
    assert settings.web.listen == "127.0.0.1:8080"


def test_every_key_is_accepted_and_arrives(folder: Path) -> None:
    settings = told(folder, EVERYTHING)
    assert (settings.builtin_sources, settings.starter_notes, settings.embedder) == (True, False, "/srv/model")
    assert settings.sources == (
        Source("rust-for-linux", "lore", "https://lore.example/rust-for-linux", every=900.0, filter="relevant"),
        Source("pond", "notes", "/srv/pond"),
    )
    assert (settings.fetch.contact, settings.fetch.allow_private) == ("ops@pond.example", ("127.0.0.1",))
    assert (settings.slack.api_url, settings.slack.mode) == ("https://slack.example/api/", "http")
    assert (settings.matrix.homeserver, settings.matrix.user) == ("https://matrix.pond.example", "@krab:pond.example")
    assert settings.admins == (("slack", ("U1", "U2")), ("matrix", ("@ada:pond.example",)))
    assert (settings.llm.base_url, settings.llm.model) == ("http://127.0.0.1:9", "frog-7b")
    assert (settings.web.listen, settings.web.allowed_hosts) == ("0.0.0.0:80", ("krab.pond.example",))


def test_a_source_named_without_every_and_filter_has_their_defaults(folder: Path) -> None:
    [source] = told(folder, '[[sources]]\nname = "a"\nkind = "feed"\nurl = "u"').sources or ()
    assert (source.every, source.filter) == (None, "all")


def test_no_sources_at_all_may_be_wanted(folder: Path) -> None:
    assert told(folder, "sources = []").sources == ()


def test_the_command_line_goes_before_the_environment(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("starter_notes = false")
    (tmp_path / "two.toml").write_text("starter_notes = true")
    environ = {"KRAB_DATA": "/elsewhere", "KRAB_CONFIG": str(tmp_path / "two.toml")}
    assert load(environ).starter_notes
    assert load(environ).data == Path("/elsewhere")
    settings = load(environ, data=str(tmp_path / "data"), config=str(tmp_path / "one.toml"))
    assert (settings.starter_notes, settings.data) == (False, tmp_path / "data")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HOME": "/people/ada"}, "/people/ada/.local/share/krab"),
        ({"HOME": "/people/ada", "XDG_DATA_HOME": "/xdg"}, "/xdg/krab"),
        ({"HOME": "/people/ada", "KRAB_DATA": "/srv/krab"}, "/srv/krab"),
    ],
)
def test_the_data_directory_has_its_usual_place(environ: Mapping[str, str], expected: str) -> None:
    assert load(environ).data == Path(expected)


def test_the_environment_may_say_where_to_listen(folder: Path) -> None:
    assert told(folder, '[web]\nlisten = "127.0.0.1:1"', KRAB_WEB_LISTEN="[::]:8080").web.listen == "[::]:8080"


# What is wrong is named


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("starter_note = false", "unknown key starter_note: did you mean 'starter_notes'?"),
        ("[source]\nname = 1", "unknown key source: did you mean 'sources'?"),
        ("[slak]", "unknown key slak: did you mean 'slack'?"),
        ('[fetch]\ncontakt = "a"', "unknown key [fetch] contakt: did you mean 'contact'?"),
        ('[[sources]]\nnam = "a"', "unknown key [sources] nam: did you mean 'name'?"),
        ('[llm]\nbase-url = "a"', "unknown key [llm] base-url: did you mean 'base_url'?"),
        ('[matrix]\nzzz = "a"', "unknown key [matrix] zzz: known keys: homeserver, user"),
    ],
)
def test_an_unknown_key_names_the_nearest_right_one(folder: Path, toml: str, expected: str) -> None:
    assert refused(folder, toml).startswith(expected)


@pytest.mark.parametrize(
    "toml", ['[slack]\nbot_token = "hush"', '[matrix]\npassword = "hush"', '[llm]\napi_key = "hush"']
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(folder: Path, toml: str) -> None:
    assert "secrets come from the environment" in refused(folder, toml)
    assert "hush" not in refused(folder, toml)


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("starter_notes = 1", "starter_notes must be true or false"),
        ("[fetch]\ncontact = 7", "contact must be a string"),
        ('[fetch]\nallow_private = "127.0.0.1"', "allow_private must be a list of strings"),
        ("[admins]\nslack = [1]", "slack must be a list of strings"),
        ("slack = 1", "slack must be a table: write [slack]"),
        ("sources = 1", "write [[sources]]"),
        ("[sources]\nname = 'a'", "write [[sources]]"),
        ('[slack]\nmode = "carrier pigeon"', "mode must be 'socket' or 'http', not 'carrier pigeon'"),
        ('[web]\nlisten = "8080"', "listen must be host:port, not '8080'"),
        ('[vectors]\nkind = "pinecone"', "[vectors] kind must be one of faiss, milvus, not 'pinecone'"),
        ('[vectors]\nkind = "milvus"', "[vectors] url is missing"),
        ('[vectors]\nindex = "best"', "[vectors] index must be one of hnsw, sq8, flat, not 'best'"),
        ('[vectors]\nprefix = "a-b"', "[vectors] prefix must be a name of letters, digits and _, not 'a-b'"),
        ("[vectors]\nreplicas = 0", "[vectors] replicas can't be 0"),
        ("[vectors]\nurls = 'x'", "unknown key [vectors] urls: did you mean 'url'?"),
        ('[[sources]]\nname = "a"\nkind = "feed"', "a source lacks its url"),
        ('[[sources]]\nname = "a"\nkind = "carp"\nurl = "u"', "source 'a': kind must be one of lore, feed"),
        ('[[sources]]\nname = "a"\nkind = "feed"\nurl = "u"\nfilter = "some"', "source 'a': filter must be"),
        ('[[sources]]\nname = "a"\nkind = "feed"\nurl = "u"\nevery = "soon"', "'soon' is no span of time"),
        ('[[sources]]\nname = "a"\nkind = "feed"\nurl = "u"\n' * 2, "two sources are called 'a'"),
    ],
)
def test_a_wrong_value_is_said_with_the_right_ones(folder: Path, toml: str, expected: str) -> None:
    assert expected in refused(folder, toml)


def test_what_is_no_toml_is_named_with_its_place(folder: Path) -> None:
    message = refused(folder, "starter_notes = = 1")
    assert str(folder / "krab.toml") in message
    assert "line 1" in message


def test_a_file_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "krab.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"krab\.toml is not valid TOML"):
        load({"KRAB_DATA": str(folder)})


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"cannot read /nowhere/krab\.toml: No such file"):
        load({"KRAB_CONFIG": "/nowhere/krab.toml"})


# Secrets


def secret(settings: Settings, variable: str) -> Secret:
    table, name = SECRETS[variable]
    found: Secret = getattr(getattr(settings, table), name)
    return found


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_comes_from_the_environment(folder: Path, variable: str) -> None:
    assert secret(told(folder, "", **{variable: "hush"}), variable).reveal() == "hush"


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_comes_from_a_file_without_its_line_end(folder: Path, variable: str) -> None:
    (folder / "secret").write_text("hush\n")
    assert secret(told(folder, "", **{f"{variable}_FILE": str(folder / "secret")}), variable).reveal() == "hush"


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_that_was_not_given_is_none(folder: Path, variable: str) -> None:
    assert not secret(told(folder, ""), variable)


def test_secrets_show_in_nothing_that_is_printed(folder: Path) -> None:
    settings = told(folder, "", **dict.fromkeys(SECRETS, "hush"))
    assert "hush" not in f"{settings} {settings!r} {settings.slack.bot_token} {settings.slack!r}"
    assert f"{settings.slack.bot_token}" == "***"


def test_a_secret_file_that_is_not_there_is_named(folder: Path) -> None:
    assert "KRAB_SLACK_BOT_TOKEN_FILE=/nowhere" in refused(folder, "", KRAB_SLACK_BOT_TOKEN_FILE="/nowhere")


def test_a_secret_file_that_is_no_text_is_named_and_not_shown(folder: Path) -> None:
    (folder / "secret").write_bytes(b"hush \xff")
    message = refused(folder, "", KRAB_SLACK_BOT_TOKEN_FILE=str(folder / "secret"))
    assert "KRAB_SLACK_BOT_TOKEN_FILE" in message
    assert "hush" not in message


def test_settings_are_frozen_all_the_way_down(folder: Path) -> None:
    settings = told(folder, EVERYTHING)
    values = [getattr(settings, field.name) for field in fields(settings)]
    assert not [value for value in values if isinstance(value, (list, dict, set))]
    assert all(value.__dataclass_params__.frozen for value in [settings, *filter(is_dataclass, values)])  # type: ignore[union-attr]


# Spans of time


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("1h30m", 5400), ("2d", 172_800), ("0s", 0), ("90m", 5400)]
)
def test_a_span_is_read_in_seconds(text: str, seconds: float) -> None:
    assert span(text) == seconds


@pytest.mark.parametrize("text", ["", "15", "m", "15 m", "-1m", "1.5h", "1w", "15m later"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{text!r} is no span of time")):
        span(text)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_parts_of_a_span_add_up(hours: int, minutes: int, seconds: int) -> None:
    assert span(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds


def test_further_matrix_accounts_have_names_and_secrets_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "krab.toml").write_text(
        '[matrix]\nuser = "@krab:a"\nallow_invites = ["@*:a"]\n'
        '[[matrix.accounts]]\nname = "work"\nhomeserver = "https://b"\nuser = "@krab:b"\n'
    )
    told = load({"KRAB_MATRIX_PASSWORD": "first", "KRAB_MATRIX_WORK_PASSWORD": "second"}, data=str(tmp_path)).matrix
    (work,) = told.accounts
    assert (told.password.reveal(), told.allow_invites, told.name) == ("first", ("@*:a",), "")
    assert (work.name, work.user, work.password.reveal()) == ("work", "@krab:b", "second")


@pytest.mark.parametrize(
    ("toml", "error"),
    [
        ("[[matrix.accounts]]\nuser = '@krab:b'\n", "needs a name"),
        ("[[matrix.accounts]]\nname = 'a'\n[[matrix.accounts]]\nname = 'a'\n", "names must differ"),
        ("[[matrix.accounts]]\nname = 'a'\nuse = 'x'\n", "did you mean 'user'"),
        ("[matrix]\naccounts = 1\n", r"\[\[matrix.accounts\]\]"),
    ],
)
def test_a_matrix_account_that_is_not_as_it_must_be_is_an_error(tmp_path: Path, toml: str, error: str) -> None:
    (tmp_path / "krab.toml").write_text(toml)
    with pytest.raises(SettingsError, match=error):
        load({}, data=str(tmp_path))


# The store


def test_the_tables_are_files_in_the_data_directory_unless_told_otherwise(tmp_path: Path) -> None:
    assert load({}, data=str(tmp_path)).store == StoreSettings()
    told = load({"KRAB_STORE_URL": "sqlite:///var/lib/krab"}, data=str(tmp_path)).store
    assert (told.shared, told.folder) == (False, Path("/var/lib/krab"))


def test_the_url_of_a_shared_store_comes_from_the_file_or_the_environment_and_hides_itself(tmp_path: Path) -> None:
    (tmp_path / "krab.toml").write_text('[store]\nurl = "postgresql://krab@db.example/krab"\n')
    (tmp_path / "secret").write_text("sesame\n")
    told = load({"KRAB_STORE_PASSWORD_FILE": str(tmp_path / "secret")}, data=str(tmp_path)).store
    assert (told.shared, told.url.reveal()) == (True, "postgresql://krab@db.example/krab")
    assert told.password.reveal() == "sesame"
    other = load({"KRAB_STORE_URL": "postgres://krab:sesame@other.example/krab"}, data=str(tmp_path)).store
    assert other.url.reveal() == "postgres://krab:sesame@other.example/krab"
    assert "sesame" not in f"{told} {other} {other!r}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://db.example/krab", r"\[store\] url must begin with postgresql:// or sqlite:///"),
        ("postgresql://krab:sesame@db.example/krab", "KRAB_STORE_PASSWORD"),
        ("postgresql://db.example/krab?user=krab&password=sesame", "KRAB_STORE_PASSWORD"),
    ],
)
def test_a_store_that_cannot_be_is_refused_without_showing_it(tmp_path: Path, url: str, said: str) -> None:
    (tmp_path / "krab.toml").write_text(f'[store]\nurl = "{url}"\n')
    with pytest.raises(SettingsError, match=said) as caught:
        load({}, data=str(tmp_path))
    assert "sesame" not in str(caught.value)
