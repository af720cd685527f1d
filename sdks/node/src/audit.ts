import type { Connection, ScopedOptions } from './connection.js';
import { ConnectionError } from './errors.js';
import { AuditApi, type ExportAuditEventsRequest, type ListAuditEventsRequest } from './generated/apis/AuditApi.js';
import type { AuditEvent, ConsistencyProof, InclusionProof } from './generated/models/index.js';
import { List, type PageOptions } from './pages.js';

/** Which events to list; all filters must match. */
export type AuditFilter = Omit<ListAuditEventsRequest, 'cursor' | 'limit'>;

/** What was done to agents and by them, and the proofs that the log of it is whole. */
export class Audit {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Events by their time, the newest first. */
  list(filter: AuditFilter & PageOptions = {}, options: ScopedOptions = {}): List<AuditEvent> {
    const { pageSize, cursor, ...rest } = filter;
    return new List(
      (page) => this.#connection.guarded(AuditApi, options, (api) => api.listAuditEvents({ ...rest, ...page })),
      { ...(pageSize !== undefined && { pageSize }), ...(cursor !== undefined && { cursor }) },
    );
  }

  get(eventId: string, options: ScopedOptions = {}): Promise<AuditEvent> {
    return this.#connection.guarded(AuditApi, options, (api) => api.getAuditEvent({ eventId }));
  }

  /** The size and the root of the log, signed (C2SP `tlog-checkpoint`). Keep it: a later log must continue it. */
  checkpoint(options: ScopedOptions = {}): Promise<string> {
    return this.#connection.guarded(AuditApi, options, (api) => api.getAuditCheckpoint());
  }

  /** That an event is in the log (RFC 6962 section 2.1.1), which it is about a second after it happened. */
  inclusionProof(eventId: string, options: ScopedOptions = {}): Promise<InclusionProof> {
    return this.#connection.guarded(AuditApi, options, (api) => api.getAuditInclusionProof({ eventId }));
  }

  /** That the log continues what it was when it had `from` events (RFC 6962 section 2.1.2). */
  consistencyProof(sizes: { from: number; to?: number }, options: ScopedOptions = {}): Promise<ConsistencyProof> {
    return this.#connection.guarded(AuditApi, options, (api) => api.getAuditConsistencyProof(sizes));
  }

  /** Hashes of the tree (C2SP `tlog-tiles`), by level and path, such as `x001/234.p/17`. */
  tile(level: number, path: string, options: ScopedOptions = {}): Promise<Uint8Array> {
    return this.#connection.guarded(AuditApi, options, async (api) => bytes(await api.getAuditTile({ level, path })));
  }

  /** A bundle of events by their place in the log, in the very bytes that are hashed. */
  entries(path: string, options: ScopedOptions = {}): Promise<Uint8Array> {
    return this.#connection.guarded(AuditApi, options, async (api) => bytes(await api.getAuditEntries({ path })));
  }

  /**
   * Line by line: the log's checkpoint, then its events, each in the very bytes that are hashed. With `idp:admin` and without
   * a filter it is the whole log, which `agentidp audit verify --export` checks.
   */
  async *export(
    filter: ExportAuditEventsRequest = {},
    options: ScopedOptions = {},
  ): AsyncGenerator<string, void, void> {
    const { raw } = await this.#connection.guarded(AuditApi, { ...options, stream: true }, (api) =>
      api.exportAuditEventsRaw(filter),
    );
    let begun = '';
    try {
      for await (const chunk of raw.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const lines = (begun + chunk).split('\n');
        begun = lines.pop() ?? '';
        yield* lines;
      }
    } catch (cause) {
      options.signal?.throwIfAborted();
      throw new ConnectionError({ method: 'GET', path: '/audit/export' }, 'the export broke off', { cause });
    }
    if (begun !== '') {
      yield begun;
    }
  }
}

async function bytes(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}
