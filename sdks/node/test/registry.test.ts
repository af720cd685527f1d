import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AgentAlreadyExistsError,
  AgentConflictError,
  AgentIdP,
  AgentIdPError,
  AgentNotFoundError,
  ApiError,
  AuditEventNotFoundError,
  AuthorizationError,
  ConflictError,
  CredentialConflictError,
  CredentialNotFoundError,
  DeploymentEnv,
  ErrorCode,
  InvalidGrantError,
  NotFoundError,
  PreconditionFailedError,
  OAuthErrorCode,
  ValidationError,
} from '../src/index.js';
import * as sdk from '../src/index.js';
import { errorOf } from '../src/errors.js';
import { TestServer, serverForTests } from './support/server.js';

const ADMIN = 'agents:read agents:write credentials:write audit:read idp:admin';
const NOBODY = '01931e2c-7d5a-7c3e-9a51-0b1c2d3e4f50';

let server: TestServer;
let operator: AgentIdP;

serverForTests((started) => {
  server = started;
  operator = server.client({ managementScope: ADMIN });
});

test('an operator registers an agent and reads typed values', async () => {
  const validUntil = new Date('2099-12-31T23:59:59.000Z');
  const metadata = { region: 'eu-west-1', nothing: null };
  const { agent, credential } = await operator.agents.register({
    ...server.newAgent(),
    deploymentEnv: DeploymentEnv.Production,
    metadata,
    validUntil,
  });
  assert.ok(agent.createdAt instanceof Date);
  assert.deepEqual(agent.validUntil, validUntil);
  assert.deepEqual(agent.metadata, metadata);
  assert.deepEqual(agent.capabilities, ['resume:read', 'resume:score']);
  assert.equal(agent.status, 'active');
  assert.equal(credential.clientId, agent.id);
  assert.match(credential.clientSecret.reveal(), /^sas_/);
  assert.deepEqual(await operator.agents.get(agent.id), agent);
});

test('each operation asks for the scope that it needs, unless the client has one for all', async () => {
  const plain = server.client();
  const { clientId, credentialId } = await server.register();
  server.proxy.reset();
  await plain.agents.list().page();
  await plain.agents.suspend(clientId, 'a pause');
  await plain.credentials.revoke(clientId, credentialId);
  await plain.audit.list().page();
  const scopes = () =>
    server.proxy.requests('POST', '/oauth2/token').map(({ body }) => new URLSearchParams(body).get('scope'));
  assert.deepEqual(scopes(), ['agents:read', 'agents:write', 'credentials:write', 'audit:read']);
  server.proxy.reset();
  const managing = server.client({ managementScope: ADMIN });
  await managing.agents.list().page();
  await managing.audit.list().page();
  assert.deepEqual(scopes(), [ADMIN.split(' ').sort().join(' ')]);
  await managing.agents.list({}, { scope: ['agents:read'] }).page();
  assert.deepEqual(scopes().slice(1), ['agents:read']);
});

test('a reserved capability is granted with a token that has it', async () => {
  const auditor = { ...server.newAgent(), capabilities: ['audit:read'] };
  await assert.rejects(server.client().agents.register(auditor), AuthorizationError);
  const { agent } = await server.client().agents.register(auditor, { scope: 'agents:write audit:read' });
  assert.deepEqual(agent.capabilities, ['audit:read']);
});

test('an agent reads itself and its credentials without any capability', async () => {
  const own = await server.register();
  const client = server.client(own);
  assert.equal((await client.agents.get(own.clientId)).id, own.clientId);
  const [credential] = await client.credentials.list(own.clientId).all();
  assert.equal(credential.id, own.credentialId);
  assert.equal((await client.credentials.get(own.clientId, own.credentialId)).status, 'active');
  await assert.rejects(client.agents.get(server.operator.clientId), { code: 'invalid_scope' });
});

test('a list is read item by item, page by page, or as a whole', async () => {
  const agentType = 'paged';
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) {
    ids.unshift((await operator.agents.register({ ...server.newAgent(), agentType })).agent.id);
  }
  server.proxy.reset();
  const list = operator.agents.list({ agentType, pageSize: 2 });
  const read: string[] = [];
  for await (const agent of list) {
    read.push(agent.id);
  }
  assert.deepEqual(read, ids);
  assert.equal(server.proxy.count('GET', '/agents'), 3);
  const sizes: number[] = [];
  for await (const page of list.pages()) {
    sizes.push(page.items.length);
  }
  assert.deepEqual(sizes, [2, 2, 1]);
  assert.deepEqual(
    (await list.all()).map(({ id }) => id),
    ids,
  );
  const first = await list.page();
  const rest = operator.agents.list({ agentType, pageSize: 2, cursor: first.nextCursor ?? '' });
  assert.deepEqual(
    (await rest.all()).map(({ id }) => id),
    ids.slice(2),
  );
});

test('a list is fetched no further than it is read', async () => {
  server.proxy.reset();
  for await (const agent of operator.agents.list({ agentType: 'paged', pageSize: 2 })) {
    assert.ok(agent.id);
    break;
  }
  assert.equal(server.proxy.count('GET', '/agents'), 1);
  assert.deepEqual(await operator.agents.list({ agentType: 'nobody' }).all(), []);
});

test('filters choose agents', async () => {
  const { agent } = await operator.agents.register({ ...server.newAgent(), email: 'chosen@example.com' });
  const found = operator.agents.list({
    emailPrefix: 'CHOSEN',
    owner: agent.owner,
    status: 'active',
    deploymentEnv: 'staging',
    capability: 'resume:read',
  });
  assert.deepEqual(
    (await found.all()).map(({ id }) => id),
    [agent.id],
  );
});

test('an agent that did not change is not sent again, and only the version that was seen is changed', async () => {
  const { clientId } = await server.register();
  const seen = await operator.agents.get(clientId);
  assert.equal(await operator.agents.getIfChanged(clientId, seen.etag), undefined);
  const changed = await operator.agents.update(clientId, { version: 'v1.1.0' }, { ifMatch: seen.etag });
  assert.notEqual(changed.etag, seen.etag);
  assert.deepEqual(await operator.agents.getIfChanged(clientId, seen.etag), changed);
  await assert.rejects(
    operator.agents.update(clientId, { version: 'v1.2.0' }, { ifMatch: seen.etag }),
    PreconditionFailedError,
  );
  await assert.rejects(
    operator.agents.suspend(clientId, 'seen too late', { ifMatch: seen.etag }),
    PreconditionFailedError,
  );
});

test('null takes away, and what is absent stays', async () => {
  const { agent } = await operator.agents.register({
    ...server.newAgent(),
    metadata: { region: 'eu-west-1', team: 'scoring' },
    validUntil: new Date('2099-12-31T23:59:59.000Z'),
  });
  const patched = await operator.agents.update(agent.id, { validUntil: null, metadata: { region: null } });
  assert.equal(patched.validUntil, undefined);
  assert.deepEqual(patched.metadata, { team: 'scoring' });
  assert.deepEqual(patched.capabilities, agent.capabilities);
});

test('an agent is suspended, comes back, is revoked, and is decommissioned', async () => {
  const { clientId } = await server.register();
  assert.equal((await operator.agents.suspend(clientId, 'a pause')).status, 'suspended');
  assert.equal((await operator.agents.reactivate(clientId, 'the pause is over')).status, 'active');
  assert.equal((await operator.agents.revoke(clientId, 'it is replaced')).status, 'revoked');
  await assert.rejects(operator.agents.reactivate(clientId, 'a mistake'), AgentConflictError);
  await operator.agents.decommission(clientId);
  await operator.agents.decommission(clientId);
  assert.equal((await operator.agents.get(clientId)).status, 'archived');
});

test('credentials are issued, rotated with a time in which both work, and revoked', async () => {
  const own = await server.register();
  const expiresAt = new Date('2099-12-31T23:59:59.000Z');
  const issued = await operator.credentials.issue(own.clientId, { label: 'blue', expiresAt });
  assert.deepEqual([issued.label, issued.expiresAt], ['blue', expiresAt]);
  const rotated = await operator.credentials.rotate(own.clientId, own.credentialId, { gracePeriodSeconds: 60 });
  assert.equal(rotated.rotatedFrom, own.credentialId);
  for (const clientSecret of [own.clientSecret, issued.clientSecret, rotated.clientSecret]) {
    assert.ok(await server.client({ clientId: own.clientId, clientSecret }).accessToken());
  }
  await operator.credentials.revoke(own.clientId, issued.id);
  assert.equal((await operator.credentials.get(own.clientId, issued.id)).status, 'revoked');
  await assert.rejects(operator.credentials.rotate(own.clientId, own.credentialId), CredentialConflictError);
});

test('a token is introspected and ended', async () => {
  const own = await server.register();
  const client = server.client(own);
  const token = await client.accessToken({ scope: 'resume:read' });
  const seen = await client.tokens.introspect(token);
  assert.deepEqual([seen.active, seen.clientId, seen.scope], [true, own.clientId, 'resume:read']);
  const stranger = server.client(await server.register());
  assert.equal((await stranger.tokens.introspect(token)).active, false);
  await assert.rejects(stranger.tokens.revoke(token), InvalidGrantError);
  await client.tokens.revoke(token);
  assert.deepEqual((await client.tokens.introspect(token)).active, false);
});

test('what was done to an agent can be read, filtered, proved and exported', async () => {
  const { clientId } = await server.register();
  await operator.agents.suspend(clientId, 'a pause');
  const events = await operator.audit.list({ agentId: clientId, pageSize: 1 }).all();
  assert.deepEqual(events.map(({ action }) => action).sort(), [
    'agent.registered',
    'agent.suspended',
    'credential.issued',
  ]);
  const [suspended] = events;
  assert.ok(suspended);
  assert.ok(suspended.time instanceof Date);
  assert.deepEqual(suspended.data, { ...suspended.data, reason: 'a pause' });
  assert.deepEqual(await operator.audit.get(suspended.id), suspended);
  const filtered = await operator.audit
    .list({ agentId: clientId, action: 'agent.suspended', outcome: 'success', from: suspended.time })
    .all();
  assert.deepEqual(filtered, [suspended]);

  const proof = await eventually(() => operator.audit.inclusionProof(suspended.id));
  assert.equal(proof.eventId, suspended.id);
  assert.match(await operator.audit.checkpoint(), new RegExp(`/audit\n${proof.treeSize}|/audit\n[0-9]+\n`));
  assert.equal((await operator.audit.consistencyProof({ from: 1 })).from, 1);
  assert.equal((await operator.audit.tile(0, '000.p/1')).byteLength, 32);
  const bundle = await operator.audit.entries('000.p/1');
  assert.match(Buffer.from(bundle.subarray(2)).toString(), /"action":"server.bootstrapped"/);

  const lines: string[] = [];
  for await (const line of operator.audit.export({ agentId: clientId })) {
    lines.push(line);
  }
  const [beginning, ...exported] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(beginning.filter, { agentId: clientId });
  assert.deepEqual(
    exported.map(({ event }) => (event as { id: string }).id),
    events.map(({ id }) => id),
  );
  for await (const line of operator.audit.export()) {
    assert.match(line, /^{"checkpoint":/);
    break;
  }
});

test('an export that breaks off is an error, after the lines that arrived', async () => {
  const lines: string[] = [];
  const read = async () => {
    for await (const line of operator.audit.export()) {
      lines.push(line);
    }
  };
  const cut = { status: 200, body: '{"checkpoint":"one"}\n{"leafIndex":0}\n{"leafInd', cut: true };
  server.proxy.next('GET', '/audit/export', cut);
  await assert.rejects(read(), { code: 'CONNECTION_ERROR', message: /the export broke off/ });
  assert.deepEqual(lines, ['{"checkpoint":"one"}', '{"leafIndex":0}']);
});

/** What is not in the log yet is there about a second later. */
async function eventually<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof AuditEventNotFoundError) || attempt === 100) {
        throw error;
      }
      await new Promise((later) => setTimeout(later, 100));
    }
  }
}

test('what is public needs no secret', async () => {
  const client = new AgentIdP({ issuer: server.issuer, clientId: NOBODY, clientSecret: 'none' });
  const metadata = await client.metadata();
  assert.deepEqual([metadata.issuer, metadata.grantTypesSupported], [server.issuer, ['client_credentials']]);
  assert.equal((await client.health()).status, 'ok');
  assert.deepEqual(
    server.proxy.seen.map(({ headers }) => headers.authorization),
    [undefined, undefined],
  );
});

// ---- errors ----

test('refusals are typed, and say what to do', async () => {
  const { clientId, credentialId } = await server.register();
  const taken = await operator.agents.get(clientId);
  await assert.rejects(operator.agents.get(NOBODY), (error) => {
    assert.ok(error instanceof AgentNotFoundError && error instanceof NotFoundError && error instanceof ApiError);
    assert.deepEqual(
      [error.code, error.status, error.method, error.path],
      ['AGENT_NOT_FOUND', 404, 'GET', `/agents/${NOBODY}`],
    );
    assert.equal(error.body.requestId, error.requestId);
    assert.match(
      error.message,
      /^There is no agent with this id\. \[404 AGENT_NOT_FOUND, GET \/agents\/.*, request .+\]$/,
    );
    return true;
  });
  await assert.rejects(operator.agents.register({ ...server.newAgent(), email: taken.email }), (error) => {
    assert.ok(error instanceof AgentAlreadyExistsError && error instanceof ConflictError);
    return true;
  });
  await assert.rejects(operator.credentials.get(clientId, NOBODY), CredentialNotFoundError);
  await assert.rejects(operator.audit.get(NOBODY), AuditEventNotFoundError);
  await assert.rejects(operator.credentials.revoke(NOBODY, credentialId), NotFoundError);
  await assert.rejects(
    operator.agents.register({ ...server.newAgent(), version: 'one.one', agentType: 'A Slug' }),
    (error) => {
      assert.ok(error instanceof ValidationError);
      assert.deepEqual(error.violations.map(({ in: part, path, rule }) => [part, path, rule]).sort(), [
        ['body', '/agentType', 'pattern'],
        ['body', '/version', 'pattern'],
      ]);
      return true;
    },
  );
  await assert.rejects(operator.agents.get(NOBODY, { scope: 'self:read' }), (error) => {
    assert.ok(error instanceof AuthorizationError);
    assert.equal(error.missingScope, 'agents:read');
    return true;
  });
  await assert.rejects(operator.agents.get(undefined as unknown as string), TypeError);
});

test('every code has a class of its own, and a newer one the class of its kind', () => {
  const answer = { method: 'GET', path: '/agents', status: 400, retryAfterSeconds: 7 };
  const shorter: Record<string, string> = {
    RATE_LIMIT_EXCEEDED: 'RateLimitError',
    REQUEST_HEADER_FIELDS_TOO_LARGE: 'RequestHeadersTooLargeError',
  };
  const nameOf = (code: string) => {
    const words = code
      .toLowerCase()
      .split('_')
      .filter((word) => word !== 'error');
    return shorter[code] ?? `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}Error`;
  };
  const classes = sdk as unknown as Record<string, new () => Error>;
  for (const code of Object.values(ErrorCode)) {
    const error = errorOf(answer, { code, message: 'what to do', requestId: 'r' });
    assert.ok(error instanceof ApiError && error.code === code);
    assert.equal(error.constructor, classes[nameOf(code)], code);
    assert.equal(error.name, nameOf(code));
  }
  for (const code of Object.values(OAuthErrorCode)) {
    const error = errorOf(answer, { error: code, error_description: 'what to do' });
    assert.ok(error instanceof sdk.OAuthError && error.code === code);
    assert.equal(error.constructor, classes[nameOf(code)], code);
  }
  assert.equal(errorOf(answer, { code: 'NEWER', message: 'what to do' }).constructor, ApiError);
  assert.equal(errorOf(answer, { error: 'newer' }).constructor, sdk.OAuthError);
  const limited = errorOf(answer, { code: 'RATE_LIMIT_EXCEEDED', message: 'wait' });
  assert.ok(limited instanceof AgentIdPError && limited.retryAfterSeconds === 7);
});
