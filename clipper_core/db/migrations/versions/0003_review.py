"""the review desk: notes, carried approvals, corrected words, requests sent twice, what was listened to

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("transcripts") as table:
        table.add_column(sa.Column("parent_id", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("edited_by", sa.Text(), nullable=True))
    with op.batch_alter_table("clips") as table:
        table.add_column(sa.Column("deleted_by", sa.Text(), nullable=True))
    with op.batch_alter_table("decisions") as table:
        table.add_column(sa.Column("carried_from", sa.Integer(), nullable=True))
    op.create_table(
        "answered_requests",
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("made", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_answered_requests")),
    )
    op.create_index(op.f("ix_answered_requests_created_at"), "answered_requests", ["created_at"])
    op.create_table(
        "notes",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("clip_id", sa.String(length=40), nullable=False),
        sa.Column("parent_id", sa.String(length=40), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name=op.f("fk_notes_clip_id_clips")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_clip_id"), "notes", ["clip_id"])
    op.create_table(
        "listened",
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("heard", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_listened_project_id_projects")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_listened")),
    )


def downgrade() -> None:
    op.drop_table("listened")
    op.drop_table("notes")
    op.drop_table("answered_requests")
    # One by one: in a batch SQLite would make the table anew, which other tables' rows that refer to it forbid.
    op.drop_column("decisions", "carried_from")
    op.drop_column("clips", "deleted_by")
    op.drop_column("transcripts", "edited_by")
    op.drop_column("transcripts", "parent_id")
