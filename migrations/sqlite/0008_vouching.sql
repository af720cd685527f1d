-- Which credentials were issued by somebody who held what the agent has: compared by revisions of the agent, not by clocks.

-- The revision of the agent at which it was given the capability.
ALTER TABLE agent_capabilities ADD COLUMN since_revision INTEGER NOT NULL DEFAULT 1 CHECK (since_revision >= 1);

-- The revision of the agent that its issuer vouched for: reserved capabilities that are younger are not for it.
ALTER TABLE credentials ADD COLUMN agent_revision INTEGER NOT NULL DEFAULT 1 CHECK (agent_revision >= 1);

-- What works when this migration comes goes on to work.
UPDATE credentials SET agent_revision = (SELECT a.revision FROM agents a WHERE a.id = agent_id);
