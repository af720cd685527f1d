-- The change feed: one sequence, in commit order, of all that ends tokens or makes a cached record stale.

-- One row: the last position given. Its update is the lock that makes the order of positions the order of commits:
-- taken as the last thing before the changes are inserted, it ends with the transaction. (A sequence would give
-- positions in an order in which they need not become visible.)
CREATE TABLE change_head (
    singleton bigint PRIMARY KEY CHECK (singleton = 1),
    rev       bigint NOT NULL CHECK (rev >= 0)
) WITH (fillfactor = 10);
INSERT INTO change_head (singleton, rev) VALUES (1, 0);

-- No foreign keys: a feed tells what happened, and checking would lock rows that others write.
CREATE TABLE changes (
    rev           bigint      PRIMARY KEY CHECK (rev >= 1),
    kind          text        NOT NULL CHECK (kind IN
        ('agent_changed', 'agent_tokens_ended', 'credential_changed', 'token_revoked', 'keys_changed')),
    agent_id      uuid,
    credential_id uuid,
    token_id      uuid,
    expires_at    timestamptz,
    at            timestamptz NOT NULL,
    -- Each kind has exactly its own columns.
    CHECK ((agent_id IS NULL) = (kind = 'keys_changed')),
    CHECK ((credential_id IS NOT NULL) = (kind = 'credential_changed')),
    CHECK ((token_id IS NOT NULL) = (kind = 'token_revoked')),
    CHECK ((expires_at IS NOT NULL) = (kind = 'token_revoked'))
);

-- Single tokens that are dead, until they would have expired anyway.
CREATE TABLE token_revocations (
    jti        uuid        PRIMARY KEY,
    expires_at timestamptz NOT NULL,
    -- The position at which it was revoked.
    rev        bigint      NOT NULL CHECK (rev >= 1)
);

-- What can be forgotten, and what was added since a position.
CREATE INDEX token_revocations_expiry_idx ON token_revocations (expires_at);
CREATE INDEX token_revocations_rev_idx ON token_revocations (rev);
