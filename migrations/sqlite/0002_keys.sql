-- Signing keys, the canary of the master key, and the marker of the first operator.

CREATE TABLE signing_keys (
    id                 BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    algorithm          TEXT    NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA', 'RS256')),
    -- Counts the keys of an algorithm from 1. Who makes the next key claims the next number, so of several nodes that
    -- make one at the same time exactly one succeeds.
    generation         INTEGER NOT NULL CHECK (generation >= 1),
    public_jwk         TEXT    NOT NULL CHECK (json_type(public_jwk) = 'object'),
    private_key_sealed BLOB    NOT NULL CHECK (length(private_key_sealed) BETWEEN 1 AND 16384),
    created_at         TEXT    NOT NULL CHECK (created_at GLOB '????-??-??T*+00:00'),
    signs_from         TEXT    NOT NULL CHECK (signs_from GLOB '????-??-??T*+00:00'),
    signs_until        TEXT    CHECK (signs_until GLOB '????-??-??T*+00:00'),
    published_until    TEXT    CHECK (published_until GLOB '????-??-??T*+00:00'),
    CHECK (signs_until IS NULL OR signs_until >= signs_from),
    CHECK (published_until IS NULL OR signs_until IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX signing_keys_generation_key ON signing_keys (algorithm, generation);

-- At most one row: a value sealed under the master key, which a wrong master key cannot open.
CREATE TABLE key_canary (
    singleton INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    sealed    BLOB    NOT NULL CHECK (length(sealed) BETWEEN 1 AND 4096)
) STRICT;

-- At most one row: who claims it makes the first operator. The claim may come before the agent's own row in the
-- transaction, hence the deferral.
CREATE TABLE bootstrap (
    singleton   INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    operator_id BLOB    NOT NULL REFERENCES agents (id) DEFERRABLE INITIALLY DEFERRED,
    at          TEXT    NOT NULL CHECK (at GLOB '????-??-??T*+00:00')
) STRICT;
