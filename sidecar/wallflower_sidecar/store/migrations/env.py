"""Alembic's entry: migrates on the connection it is given, inside that connection's transaction."""

from alembic import context

from wallflower_sidecar.store.schema import METADATA, in_metadata


def _include(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:  # noqa: FBT001
    return kind != "table" or in_metadata(name)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_object=_include,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
