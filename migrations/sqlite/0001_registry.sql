-- The registry: who the agents are, what they may do, and what they prove themselves with.
--
-- The PostgreSQL file of the same number has the same tables and columns with native types. Here a UUID is a BLOB of 16
-- bytes, a time is an RFC 3339 TEXT in UTC with the offset written as +00:00 (so that the order of the texts is the
-- order of the times) and JSON is TEXT. The GLOBs refuse what would sort wrongly. Agents are never deleted
-- (decommissioning is a status), so nothing here cascades.

CREATE TABLE agents (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email          TEXT    NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    -- The lower-case email. Unique for ever, archived agents included, without regard to case; a search for a prefix is
    -- a range of its index.
    email_folded   TEXT    NOT NULL,
    agent_type     TEXT    NOT NULL CHECK (length(agent_type) BETWEEN 1 AND 64),
    version        TEXT    NOT NULL CHECK (length(version) BETWEEN 1 AND 64),
    owner          TEXT    NOT NULL CHECK (length(owner) BETWEEN 1 AND 128),
    deployment_env TEXT    NOT NULL CHECK (deployment_env IN ('development', 'staging', 'production')),
    status         TEXT    NOT NULL CHECK (status IN ('active', 'suspended', 'revoked', 'archived')),
    created_at     TEXT    NOT NULL CHECK (created_at GLOB '????-??-??T*+00:00'),
    updated_at     TEXT    NOT NULL CHECK (updated_at GLOB '????-??-??T*+00:00'),
    last_auth_at   TEXT    CHECK (last_auth_at GLOB '????-??-??T*+00:00'),
    metadata       TEXT    CHECK (json_type(metadata) = 'object'),
    valid_until    TEXT    CHECK (valid_until GLOB '????-??-??T*+00:00'),
    revision       INTEGER NOT NULL CHECK (revision >= 1)
) STRICT;

CREATE UNIQUE INDEX agents_email_key ON agents (email_folded);
-- One index for each way to narrow a list, each in the order of the pages.
CREATE INDEX agents_owner_idx ON agents (owner, id);
CREATE INDEX agents_agent_type_idx ON agents (agent_type, id);
CREATE INDEX agents_deployment_env_idx ON agents (deployment_env, id);
CREATE INDEX agents_status_idx ON agents (status, id);
-- A search for a prefix of the email behind the wall of an owner.
CREATE INDEX agents_owner_email_idx ON agents (owner, email_folded);

CREATE TABLE agent_capabilities (
    agent_id   BLOB NOT NULL REFERENCES agents (id),
    -- No space: the lists of an agent's capabilities are joined with one.
    capability TEXT NOT NULL CHECK (length(capability) BETWEEN 1 AND 128 AND instr(capability, ' ') = 0),
    PRIMARY KEY (agent_id, capability)
) STRICT, WITHOUT ROWID;

-- Lists narrowed to a capability.
CREATE INDEX agent_capabilities_capability_idx ON agent_capabilities (capability, agent_id);

-- One row: its update is the lock under which somebody asks whether another agent has a capability, so that of two agents
-- that lose it at once one stays.
CREATE TABLE capability_guard (
    singleton INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1)
) STRICT;
INSERT INTO capability_guard (singleton) VALUES (1);

CREATE TABLE credentials (
    id                   BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    agent_id             BLOB NOT NULL REFERENCES agents (id),
    label                TEXT CHECK (length(label) BETWEEN 1 AND 256),
    -- The durable image of the secret (bcrypt), independent of any key.
    secret_hash          TEXT NOT NULL CHECK (length(secret_hash) BETWEEN 1 AND 256),
    -- The fast image (HMAC-SHA-256), and which derived key made it.
    verifier             BLOB NOT NULL CHECK (length(verifier) = 32),
    verifier_key_version TEXT NOT NULL CHECK (length(verifier_key_version) BETWEEN 1 AND 64),
    status               TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
    created_at           TEXT NOT NULL CHECK (created_at GLOB '????-??-??T*+00:00'),
    expires_at           TEXT CHECK (expires_at GLOB '????-??-??T*+00:00'),
    last_used_at         TEXT CHECK (last_used_at GLOB '????-??-??T*+00:00'),
    -- The credential that this one replaced.
    rotated_from         BLOB REFERENCES credentials (id)
) STRICT;

CREATE INDEX credentials_agent_idx ON credentials (agent_id, id);
-- Whether a credential has been replaced.
CREATE INDEX credentials_rotated_from_idx ON credentials (rotated_from) WHERE rotated_from IS NOT NULL;
-- What the expiry job looks for.
CREATE INDEX credentials_expiry_idx ON credentials (expires_at) WHERE expires_at IS NOT NULL AND status = 'active';
