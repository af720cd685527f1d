-- The registry: who the agents are, what they may do, and what they prove themselves with.
--
-- Column types are native; the SQLite file of the same number has the same tables and columns, with the types that
-- the driver maps to. Agents are never deleted (decommissioning is a status), so nothing here cascades.

CREATE TABLE agents (
    id             uuid        PRIMARY KEY,
    email          text        NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    -- The lower-case email. Unique for ever, archived agents included, without regard to case; the C collation makes
    -- a search for a prefix a range of its index.
    email_folded   text        COLLATE "C" NOT NULL,
    agent_type     text        NOT NULL CHECK (char_length(agent_type) BETWEEN 1 AND 64),
    version        text        NOT NULL CHECK (char_length(version) BETWEEN 1 AND 64),
    owner          text        NOT NULL CHECK (char_length(owner) BETWEEN 1 AND 128),
    deployment_env text        NOT NULL CHECK (deployment_env IN ('development', 'staging', 'production')),
    status         text        NOT NULL CHECK (status IN ('active', 'suspended', 'revoked', 'archived')),
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    last_auth_at   timestamptz,
    metadata       jsonb       CHECK (jsonb_typeof(metadata) = 'object'),
    valid_until    timestamptz,
    revision       bigint      NOT NULL CHECK (revision >= 1)
) WITH (fillfactor = 90);
-- (The free tenth keeps the frequent update of last_auth_at, which no index covers, within its page.)

CREATE UNIQUE INDEX agents_email_key ON agents (email_folded);
-- One index for each way to narrow a list, each in the order of the pages.
CREATE INDEX agents_owner_idx ON agents (owner, id);
CREATE INDEX agents_agent_type_idx ON agents (agent_type, id);
CREATE INDEX agents_deployment_env_idx ON agents (deployment_env, id);
CREATE INDEX agents_status_idx ON agents (status, id);
-- A search for a prefix of the email behind the wall of an owner.
CREATE INDEX agents_owner_email_idx ON agents (owner, email_folded);

CREATE TABLE agent_capabilities (
    agent_id   uuid NOT NULL REFERENCES agents (id),
    -- No space: the lists of an agent's capabilities are joined with one.
    capability text NOT NULL CHECK (char_length(capability) BETWEEN 1 AND 128 AND position(' ' IN capability) = 0),
    PRIMARY KEY (agent_id, capability)
);

-- Lists narrowed to a capability.
CREATE INDEX agent_capabilities_capability_idx ON agent_capabilities (capability, agent_id);

-- One row: its update is the lock under which somebody asks whether another agent has a capability, so that of two agents
-- that lose it at once one stays.
CREATE TABLE capability_guard (
    singleton bigint PRIMARY KEY CHECK (singleton = 1)
);
INSERT INTO capability_guard (singleton) VALUES (1);

CREATE TABLE credentials (
    id                   uuid        PRIMARY KEY,
    agent_id             uuid        NOT NULL REFERENCES agents (id),
    label                text        CHECK (char_length(label) BETWEEN 1 AND 256),
    -- The durable image of the secret (bcrypt), independent of any key.
    secret_hash          text        NOT NULL CHECK (char_length(secret_hash) BETWEEN 1 AND 256),
    -- The fast image (HMAC-SHA-256), and which derived key made it.
    verifier             bytea       NOT NULL CHECK (octet_length(verifier) = 32),
    verifier_key_version text        NOT NULL CHECK (char_length(verifier_key_version) BETWEEN 1 AND 64),
    status               text        NOT NULL CHECK (status IN ('active', 'revoked')),
    created_at           timestamptz NOT NULL,
    expires_at           timestamptz,
    last_used_at         timestamptz,
    -- The credential that this one replaced.
    rotated_from         uuid        REFERENCES credentials (id)
) WITH (fillfactor = 90);

CREATE INDEX credentials_agent_idx ON credentials (agent_id, id);
-- Whether a credential has been replaced.
CREATE INDEX credentials_rotated_from_idx ON credentials (rotated_from) WHERE rotated_from IS NOT NULL;
-- What the expiry job looks for.
CREATE INDEX credentials_expiry_idx ON credentials (expires_at) WHERE expires_at IS NOT NULL AND status = 'active';
