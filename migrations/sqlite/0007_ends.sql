-- What ends by itself, and how the ends of tokens are asked for.

-- When the end of a credential was recorded in the audit log; NULL until then. Setting it claims the recording.
ALTER TABLE credentials ADD COLUMN expiry_noted_at TEXT CHECK (expiry_noted_at GLOB '????-??-??T*+00:00');

-- What the expiry job looks for: what is over and not recorded.
DROP INDEX credentials_expiry_idx;
CREATE INDEX credentials_expiry_idx ON credentials (expires_at)
    WHERE expires_at IS NOT NULL AND status = 'active' AND expiry_noted_at IS NULL;

-- Whether an agent's tokens were ended after a position, and how many were ended one by one since.
CREATE INDEX changes_ended_idx ON changes (agent_id, kind, rev);
