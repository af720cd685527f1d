-- What was answered to a creating request, so that asking again with the same key gets the same answer.

CREATE TABLE idempotency_keys (
    -- Whose key it is and for which operation; of the key itself only a hash is kept, since it helps to open the answer.
    caller        BLOB    NOT NULL CHECK (length(caller) = 16),
    operation     TEXT    NOT NULL CHECK (length(operation) BETWEEN 1 AND 64),
    key_hash      BLOB    NOT NULL CHECK (length(key_hash) = 32),
    request_hash  BLOB    NOT NULL CHECK (length(request_hash) = 32),
    -- Sealed under a key derived from the master key and the idempotency key; NULL once its secret is gone.
    answer_sealed BLOB    CHECK (length(answer_sealed) BETWEEN 1 AND 131072),
    created_at    TEXT    NOT NULL CHECK (created_at GLOB '????-??-??T*+00:00'),
    -- Until when an answer that carries a secret is kept; NULL if it carries none.
    secret_until  TEXT    CHECK (secret_until GLOB '????-??-??T*+00:00'),
    expires_at    TEXT    NOT NULL CHECK (expires_at GLOB '????-??-??T*+00:00'),
    PRIMARY KEY (caller, operation, key_hash)
) STRICT;

CREATE INDEX idempotency_keys_expiry_idx ON idempotency_keys (expires_at);
CREATE INDEX idempotency_keys_secret_idx ON idempotency_keys (secret_until)
    WHERE secret_until IS NOT NULL AND answer_sealed IS NOT NULL;
