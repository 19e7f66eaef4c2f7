"""answers of paid services are kept

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paid_answers",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("input_key", sa.String(length=80), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("audio_ms", sa.BigInteger(), nullable=False),
        sa.Column("tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("tokens_out", sa.BigInteger(), nullable=False),
        sa.Column("waited_ms", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_paid_answers_project_id_projects")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_paid_answers_task_id_tasks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paid_answers")),
    )
    for column in ("project_id", "task_id", "input_key"):
        op.create_index(op.f(f"ix_paid_answers_{column}"), "paid_answers", [column])


def downgrade() -> None:
    op.drop_table("paid_answers")
