"""Settings: where they come from, and that all their faults are named at once."""

from pathlib import Path

import pytest

from wallflower_sidecar.settings import SettingsError, load_settings, reload_settings


def environment(folder: Path, **variables: str) -> dict[str, str]:
    return {"WALLFLOWER_DATA_DIR": str(folder)} | {f"WALLFLOWER_{name}": value for name, value in variables.items()}


def test_defaults_need_nothing_but_a_home() -> None:
    settings = load_settings({"HOME": "/home/ann"}).settings

    assert settings.data_dir == Path("/home/ann/.local/share/wallflower")
    assert (settings.host, settings.port, settings.engine) == ("127.0.0.1", 8953, "embedded")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "wallflower.toml").write_text('port = 1000\nlog_level = "debug"\n')

    settings = load_settings(environment(tmp_path, PORT="2000")).settings

    assert (settings.port, settings.log_level) == (2000, "debug")


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    assert load_settings(environment(tmp_path, TOKEN="", PORT=" ")).settings.token is None


def test_every_fault_is_named_at_once_by_where_it_was_set(tmp_path: Path) -> None:
    (tmp_path / "wallflower.toml").write_text('max_streams = 0\nlog_level = "loud"\n')

    with pytest.raises(SettingsError) as refused:
        load_settings(environment(tmp_path, PORT="99999", ENGINE="magic", LANGUAGE="klingon", TLS_CERT="/none"))

    faults = "\n".join(refused.value.faults)
    for place in (
        "WALLFLOWER_PORT",
        "WALLFLOWER_ENGINE",
        "WALLFLOWER_LANGUAGE",
        "WALLFLOWER_TLS_CERT",
        "max_streams in wallflower.toml",
        "log_level in wallflower.toml",
    ):
        assert place in faults
    assert len(refused.value.faults) == 6


def test_a_fault_never_repeats_a_secret(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(environment(tmp_path, TOKEN="hush hush", DATABASE_URL="mysql://u:hush@h/d"))

    assert "hush" not in str(refused.value)
    assert len(refused.value.faults) == 2


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "wallflower.toml").write_text("port = \n")

    with pytest.raises(SettingsError, match=r"wallflower.toml: not valid TOML.*line 1"):
        load_settings(environment(tmp_path))


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("x")

    with pytest.raises(SettingsError, match="together"):
        load_settings(environment(tmp_path, TLS_CERT=str(tmp_path / "cert.pem")))


@pytest.mark.parametrize("name", ["PROT", "METRICS_PUBLIC"])
def test_what_has_no_effect_is_warned_about(tmp_path: Path, name: str) -> None:
    loaded = load_settings(environment(tmp_path, **{name: "1"}))

    assert [f"WALLFLOWER_{name}" in warning for warning in loaded.warnings] == [True]


@pytest.mark.parametrize(("value", "path"), [("", "wallflower.db"), ("sqlite:////srv/w.db", "/srv/w.db")])
def test_the_database_lies_in_the_data_folder_unless_named(tmp_path: Path, value: str, path: str) -> None:
    assert load_settings(environment(tmp_path, DATABASE_URL=value)).settings.sqlite_path == tmp_path / path


@pytest.mark.parametrize(
    ("value", "path"),
    [("", "data/recordings"), ("films", "data/films"), ("/mnt/disk", "/mnt/disk"), ("~/films", "home/films")],
)
def test_recordings_lie_in_the_data_folder_unless_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, path: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    loaded = load_settings(environment(tmp_path / "data", RECORDINGS_DIR=value))
    assert loaded.settings.recordings_root == tmp_path / path
    assert loaded.warnings == ()


def test_the_home_of_nobody_holds_no_recordings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WALLFLOWER_RECORDINGS_DIR"):
        load_settings(environment(tmp_path, RECORDINGS_DIR="~nobody-of-this-name/films"))


def test_another_recordings_folder_needs_a_restart(tmp_path: Path) -> None:
    reload = reload_settings(load_settings(environment(tmp_path)).settings, environment(tmp_path, RECORDINGS_DIR="x"))
    assert (reload.changed, reload.needs_restart) == ((), ("recordings_dir",))


def test_whisperlive_needs_to_know_where_its_server_is(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WHISPERLIVE_URL"):
        load_settings(environment(tmp_path, ENGINE="whisperlive"))

    settings = load_settings(environment(tmp_path, ENGINE="WhisperLive", WHISPERLIVE_URL="ws://gpu:9090")).settings
    assert settings.engine == "whisperlive"


def test_a_reload_takes_up_what_can_change_while_it_runs(tmp_path: Path) -> None:
    current = load_settings(environment(tmp_path)).settings
    (tmp_path / "wallflower.toml").write_text('model = "base"\nlanguage = "de"\nport = 9000\n')

    reload = reload_settings(current, environment(tmp_path))

    assert set(reload.changed) == {"model", "language"}
    assert reload.needs_restart == ("port",)
    assert reload.refused == ()
    assert (reload.settings.model, reload.settings.language, reload.settings.port) == ("base", "de", 8953)


def test_a_reload_without_a_change_changes_nothing(tmp_path: Path) -> None:
    current = load_settings(environment(tmp_path, MODEL="base", TOKEN="hush")).settings

    reload = reload_settings(current, environment(tmp_path, MODEL="base", TOKEN="hush"))

    assert reload.settings == current
    assert (reload.changed, reload.needs_restart, reload.refused) == ((), (), ())


def test_a_reload_refuses_the_faulty_setting_and_takes_up_the_others(tmp_path: Path) -> None:
    current = load_settings(environment(tmp_path, LANGUAGE="en")).settings
    (tmp_path / "wallflower.toml").write_text('language = "klingon"\nmodel = "base"\nport = 99999\n')

    reload = reload_settings(current, environment(tmp_path))

    assert reload.changed == ("model",)
    assert (reload.settings.language, reload.settings.model) == ("en", "base")
    assert sorted(sentence.split(" ")[0] for sentence in reload.refused) == ["language", "port"]


@pytest.mark.parametrize("text", ["model = \n", 'engine = "whisperlive"\nmodel = "base"\n'])
def test_a_reload_of_what_makes_no_sense_as_a_whole_changes_nothing(tmp_path: Path, text: str) -> None:
    current = load_settings(environment(tmp_path)).settings
    (tmp_path / "wallflower.toml").write_text(text)

    reload = reload_settings(current, environment(tmp_path))

    assert (reload.settings, reload.changed, reload.needs_restart) == (current, (), ())
    assert len(reload.refused) == 1
