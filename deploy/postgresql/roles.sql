-- What each kind of work may do in AgentIdP's PostgreSQL database, and nothing beyond it.
--
--   psql "$OWNER_DATABASE_URL" --file deploy/postgresql/roles.sql
--
-- Run it as the owner of the tables (who must be allowed to create roles, unless the roles are there), after every
-- `agentidp migrate`. Running it again changes nothing. It makes, unless they are there:
--
--   agentidp_application  for the server: reads everything, writes what it has to, cannot change or remove what the audit
--                         log holds, cannot alter a table. --set application=NAME names it otherwise.
--   agentidp_auditor      for whoever verifies the audit log: reads its tables, and nothing else. --set auditor=NAME
--
-- Neither can log in as it is made. Give each a way: ALTER ROLE agentidp_application LOGIN PASSWORD '...'; or grant it to
-- a role that can.
\set ON_ERROR_STOP on
\if :{?application} \else \set application agentidp_application
\endif
\if :{?auditor} \else \set auditor agentidp_auditor
\endif

BEGIN;
SET LOCAL client_min_messages = warning;

SELECT format('CREATE ROLE %I', role) FROM (VALUES (:'application'), (:'auditor')) roles (role)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec

-- Nobody but the owner makes anything here, temporary tables included.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()) \gexec

SELECT format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', role),
       format('GRANT USAGE ON SCHEMA public TO %I', role)
FROM (VALUES (:'application'), (:'auditor')) roles (role) \gexec

SELECT format('GRANT %s ON %I TO %I', privileges, relation, :'application')
FROM (VALUES
    ('_sqlx_migrations',   'SELECT'),
    ('schema_compatibility', 'SELECT'),
    ('agents',             'SELECT, INSERT, UPDATE'),
    ('agent_capabilities', 'SELECT, INSERT, DELETE'),
    ('capability_guard',   'SELECT, UPDATE'),
    ('credentials',        'SELECT, INSERT, UPDATE'),
    ('signing_keys',       'SELECT, INSERT, UPDATE, DELETE'),
    ('key_canary',         'SELECT, INSERT'),
    ('bootstrap',          'SELECT, INSERT, UPDATE'),
    ('change_head',        'SELECT, UPDATE'),
    ('changes',            'SELECT, INSERT, DELETE'),
    ('token_revocations',  'SELECT, INSERT, UPDATE, DELETE'),
    ('idempotency_keys',   'SELECT, INSERT, UPDATE, DELETE'),
    -- The audit log. What is in it stays; pending rows go when their events are in the tree.
    ('audit_events',       'SELECT, INSERT'),
    ('audit_pending',      'SELECT, INSERT, DELETE'),
    ('audit_leaves',       'SELECT, INSERT'),
    ('audit_nodes',        'SELECT, INSERT'),
    ('audit_head',         'SELECT, UPDATE'),
    ('audit_keys',         'SELECT, INSERT'),
    ('audit_checkpoints',  'SELECT, INSERT, UPDATE'),
    ('audit_retention',    'SELECT, UPDATE'),
    ('audit_prunes',       'SELECT, INSERT')
) granted (relation, privileges) \gexec

-- What belongs to the owner and runs as the owner: making months, removing what a logged event has ended.
SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', routine, :'application')
FROM (VALUES
    ('audit_partitions_ensure(integer)'),
    ('audit_erase(integer)'),
    ('audit_partitions_drop()')
) granted (routine) \gexec

-- Nothing about agents and credentials. The log's private key is there as well, sealed under the master key, which an
-- auditor does not have.
SELECT format('GRANT SELECT ON %I TO %I', relation, :'auditor')
FROM (VALUES
    ('audit_events'), ('audit_pending'), ('audit_leaves'), ('audit_nodes'), ('audit_head'), ('audit_keys'), ('audit_checkpoints'),
    ('audit_retention'), ('audit_prunes')
) granted (relation) \gexec
COMMIT;
