-- What was answered to a creating request, so that asking again with the same key gets the same answer.

CREATE TABLE idempotency_keys (
    -- Whose key it is and for which operation; of the key itself only a hash is kept, since it helps to open the answer.
    caller        uuid        NOT NULL,
    operation     text        NOT NULL CHECK (char_length(operation) BETWEEN 1 AND 64),
    key_hash      bytea       NOT NULL CHECK (octet_length(key_hash) = 32),
    request_hash  bytea       NOT NULL CHECK (octet_length(request_hash) = 32),
    -- Sealed under a key derived from the master key and the idempotency key; NULL once its secret is gone.
    answer_sealed bytea       CHECK (octet_length(answer_sealed) BETWEEN 1 AND 131072),
    created_at    timestamptz NOT NULL,
    -- Until when an answer that carries a secret is kept; NULL if it carries none.
    secret_until  timestamptz,
    expires_at    timestamptz NOT NULL,
    PRIMARY KEY (caller, operation, key_hash)
);

CREATE INDEX idempotency_keys_expiry_idx ON idempotency_keys (expires_at);
CREATE INDEX idempotency_keys_secret_idx ON idempotency_keys (secret_until)
    WHERE secret_until IS NOT NULL AND answer_sealed IS NOT NULL;
