-- Signing keys, the canary of the master key, and the marker of the first operator.

CREATE TABLE signing_keys (
    id                 uuid        PRIMARY KEY,
    algorithm          text        NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA', 'RS256')),
    -- Counts the keys of an algorithm from 1. Who makes the next key claims the next number, so of several nodes that
    -- make one at the same time exactly one succeeds.
    generation         bigint      NOT NULL CHECK (generation >= 1),
    public_jwk         jsonb       NOT NULL CHECK (jsonb_typeof(public_jwk) = 'object'),
    private_key_sealed bytea       NOT NULL CHECK (octet_length(private_key_sealed) BETWEEN 1 AND 16384),
    created_at         timestamptz NOT NULL,
    signs_from         timestamptz NOT NULL,
    signs_until        timestamptz,
    published_until    timestamptz,
    CHECK (signs_until IS NULL OR signs_until >= signs_from),
    CHECK (published_until IS NULL OR signs_until IS NOT NULL)
);

CREATE UNIQUE INDEX signing_keys_generation_key ON signing_keys (algorithm, generation);

-- At most one row: a value sealed under the master key, which a wrong master key cannot open.
CREATE TABLE key_canary (
    singleton bigint PRIMARY KEY CHECK (singleton = 1),
    sealed    bytea  NOT NULL CHECK (octet_length(sealed) BETWEEN 1 AND 4096)
);

-- At most one row: who claims it makes the first operator. The claim may come before the agent's own row in the
-- transaction, hence the deferral.
CREATE TABLE bootstrap (
    singleton   bigint      PRIMARY KEY CHECK (singleton = 1),
    operator_id uuid        NOT NULL REFERENCES agents (id) DEFERRABLE INITIALLY DEFERRED,
    at          timestamptz NOT NULL
);
