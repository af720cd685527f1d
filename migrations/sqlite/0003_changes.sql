-- The change feed: one sequence, in commit order, of all that ends tokens or makes a cached record stale.

-- One row: the last position given. There is one writer at a time here, so the order of positions is the order of commits
-- anyway; the table is the same as on PostgreSQL, where its row is the lock that makes it so.
CREATE TABLE change_head (
    singleton INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    rev       INTEGER NOT NULL CHECK (rev >= 0)
) STRICT;
INSERT INTO change_head (singleton, rev) VALUES (1, 0);

-- No foreign keys: a feed tells what happened.
CREATE TABLE changes (
    rev           INTEGER NOT NULL PRIMARY KEY CHECK (rev >= 1),
    kind          TEXT    NOT NULL CHECK (kind IN
        ('agent_changed', 'agent_tokens_ended', 'credential_changed', 'token_revoked', 'keys_changed')),
    agent_id      BLOB    CHECK (length(agent_id) = 16),
    credential_id BLOB    CHECK (length(credential_id) = 16),
    token_id      BLOB    CHECK (length(token_id) = 16),
    expires_at    TEXT    CHECK (expires_at GLOB '????-??-??T*+00:00'),
    at            TEXT    NOT NULL CHECK (at GLOB '????-??-??T*+00:00'),
    -- Each kind has exactly its own columns.
    CHECK ((agent_id IS NULL) = (kind = 'keys_changed')),
    CHECK ((credential_id IS NOT NULL) = (kind = 'credential_changed')),
    CHECK ((token_id IS NOT NULL) = (kind = 'token_revoked')),
    CHECK ((expires_at IS NOT NULL) = (kind = 'token_revoked'))
) STRICT;

-- Single tokens that are dead, until they would have expired anyway.
CREATE TABLE token_revocations (
    jti        BLOB    NOT NULL PRIMARY KEY CHECK (length(jti) = 16),
    expires_at TEXT    NOT NULL CHECK (expires_at GLOB '????-??-??T*+00:00'),
    -- The position at which it was revoked.
    rev        INTEGER NOT NULL CHECK (rev >= 1)
) STRICT, WITHOUT ROWID;

-- What can be forgotten, and what was added since a position.
CREATE INDEX token_revocations_expiry_idx ON token_revocations (expires_at);
CREATE INDEX token_revocations_rev_idx ON token_revocations (rev);
