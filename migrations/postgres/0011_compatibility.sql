-- Which programs may go on working with these tables while newer ones do: those that know at least this migration. A
-- migration that only adds leaves the row alone; one that takes away or changes what an older program reads or writes raises
-- it, and comes at the earliest in the release after the one that no longer needs it (docs/operations/upgrades.md).
CREATE TABLE schema_compatibility (
    singleton  bigint PRIMARY KEY CHECK (singleton = 1),
    known_from bigint NOT NULL CHECK (known_from >= 1)
);
INSERT INTO schema_compatibility (singleton, known_from) VALUES (1, 11);
