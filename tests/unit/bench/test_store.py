"""The store's benchmark asks for nothing that its database does not hold."""

from bench import store


async def test_it_measures_also_a_small_database(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ONE_BY_ONE", 5)
    figures = await store.measure(tmp_path / "wallflower.db", 300, 40, 5)
    assert figures["search, ms"]["rare word"]
