"""The history of KYC changes."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE kyc_reviews (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    previous_status text NOT NULL,
    status text NOT NULL,
    reason text,
    reviewer_id text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT kyc_reviews_pkey PRIMARY KEY (id),
    CONSTRAINT kyc_reviews_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT kyc_reviews_previous_status_known
        CHECK (previous_status IN ('pending', 'verified', 'rejected')),
    CONSTRAINT kyc_reviews_status_known CHECK (status IN ('pending', 'verified', 'rejected')),
    CONSTRAINT kyc_reviews_status_changes CHECK (status <> previous_status),
    CONSTRAINT kyc_reviews_rejection_has_reason
        CHECK (status <> 'rejected' OR (reason IS NOT NULL AND reason <> ''))
);

COMMENT ON TABLE kyc_reviews IS 'One row per change of a KYC status; rows are only added.';
COMMENT ON COLUMN kyc_reviews.reviewer_id IS 'The id of a user, or the name of a service.';

CREATE INDEX kyc_reviews_by_user ON kyc_reviews (user_id, id);
CREATE INDEX kyc_reviews_by_status ON kyc_reviews (status, id);

GRANT SELECT, INSERT ON kyc_reviews TO pandora_service;
"""

DOWN = """
DROP TABLE kyc_reviews;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
