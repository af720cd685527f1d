import { randomUUID } from 'node:crypto';
import { isNotModified, type Connection, type CreatingOptions, type ScopedOptions } from './connection.js';
import { issued, type IssuedCredential } from './credentials.js';
import { AgentsApi, type ListAgentsRequest } from './generated/apis/AgentsApi.js';
import type { Agent, AgentPatch, AgentStatus, NewAgent, StatusChange } from './generated/models/index.js';
import type { ApiResponse } from './generated/runtime.js';
import { List, type PageOptions } from './pages.js';

/** An agent and the version of it that was seen: `etag` goes into `ifMatch`. */
export type VersionedAgent = Agent & { readonly etag: string };

/** A new agent, and its first credential at the one moment when its secret is shown. */
export interface Registration {
  readonly agent: VersionedAgent;
  readonly credential: IssuedCredential;
}

/** Which agents to list; all filters must match. */
export type AgentFilter = Omit<ListAgentsRequest, 'q' | 'cursor' | 'limit'> & {
  /** How the email address begins, whatever the case of its letters. */
  readonly emailPrefix?: string;
};

/** What changes take. */
export interface ChangingOptions extends ScopedOptions {
  /** The `etag` of the version that was seen: if there is another by now, nothing is changed (`PreconditionFailedError`). */
  readonly ifMatch?: string;
}

/** The registry of agents. */
export class Agents {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Registers an agent. The secret of its first credential is in this answer and in no other. */
  async register(agent: NewAgent, options: CreatingOptions = {}): Promise<Registration> {
    const idempotencyKey = options.idempotencyKey ?? randomUUID();
    return this.#connection.guarded(AgentsApi, options, async (api) => {
      const answer = await api.registerAgentRaw({ newAgent: agent, idempotencyKey });
      const registration = await answer.value();
      return {
        agent: { ...registration.agent, etag: etagOf(answer) },
        credential: issued(registration.credential),
      };
    });
  }

  /** Agents by the time of their registration, the newest first. */
  list(filter: AgentFilter & PageOptions = {}, options: ScopedOptions = {}): List<Agent> {
    const { emailPrefix, pageSize, cursor, ...rest } = filter;
    const request = { ...rest, ...(emailPrefix !== undefined && { q: emailPrefix }) };
    return new List(
      (page) => this.#connection.guarded(AgentsApi, options, (api) => api.listAgents({ ...request, ...page })),
      { ...(pageSize !== undefined && { pageSize }), ...(cursor !== undefined && { cursor }) },
    );
  }

  /** One agent. An agent reads itself without any capability. */
  get(agentId: string, options: ScopedOptions = {}): Promise<VersionedAgent> {
    return this.#connection.guarded(AgentsApi, this.#connection.reading(agentId, options), async (api) =>
      versioned(await api.getAgentRaw({ agentId })),
    );
  }

  /** The agent, unless this is still the version that was seen. */
  async getIfChanged(agentId: string, etag: string, options: ScopedOptions = {}): Promise<VersionedAgent | undefined> {
    return this.#connection.guarded(AgentsApi, this.#connection.reading(agentId, options), async (api) => {
      try {
        return await versioned(await api.getAgentRaw({ agentId, ifNoneMatch: etag }));
      } catch (error) {
        if (isNotModified(error)) {
          return undefined;
        }
        throw error;
      }
    });
  }

  /** Changes what is there in the patch; `null` takes away, and what is not there stays (RFC 7396). */
  update(agentId: string, agentPatch: AgentPatch, options: ChangingOptions = {}): Promise<VersionedAgent> {
    return this.#connection.guarded(AgentsApi, options, async (api) =>
      versioned(await api.updateAgentRaw({ agentId, agentPatch, ...condition(options) })),
    );
  }

  /** Moves the agent to another status. Leaving `active` ends every token that it holds. */
  changeStatus(agentId: string, statusChange: StatusChange, options: ChangingOptions = {}): Promise<VersionedAgent> {
    return this.#connection.guarded(AgentsApi, options, async (api) =>
      versioned(await api.changeAgentStatusRaw({ agentId, statusChange, ...condition(options) })),
    );
  }

  /** The agent gets no token any more, until it is reactivated, and those that it holds end. */
  suspend(agentId: string, reason: string, options: ChangingOptions = {}): Promise<VersionedAgent> {
    return this.#become('suspended', agentId, reason, options);
  }

  reactivate(agentId: string, reason: string, options: ChangingOptions = {}): Promise<VersionedAgent> {
    return this.#become('active', agentId, reason, options);
  }

  /** The agent never authenticates again. */
  revoke(agentId: string, reason: string, options: ChangingOptions = {}): Promise<VersionedAgent> {
    return this.#become('revoked', agentId, reason, options);
  }

  /** The agent becomes `archived` for good, and all its credentials and tokens end. Its address stays taken. */
  decommission(agentId: string, options: ChangingOptions = {}): Promise<void> {
    return this.#connection.guarded(AgentsApi, options, (api) =>
      api.decommissionAgent({ agentId, ...condition(options) }),
    );
  }

  #become(status: AgentStatus, agentId: string, reason: string, options: ChangingOptions): Promise<VersionedAgent> {
    return this.changeStatus(agentId, { status, reason }, options);
  }
}

function condition({ ifMatch }: ChangingOptions): { ifMatch?: string } {
  return ifMatch === undefined ? {} : { ifMatch };
}

async function versioned(answer: ApiResponse<Agent>): Promise<VersionedAgent> {
  return { ...(await answer.value()), etag: etagOf(answer) };
}

function etagOf(answer: ApiResponse<unknown>): string {
  return answer.raw.headers.get('etag') ?? '';
}
