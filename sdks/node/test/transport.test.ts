import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import {
  AgentAlreadyExistsError,
  AnswerError,
  AuthenticationError,
  ConnectionError,
  IdempotencyConflictError,
  InternalError,
  PreconditionFailedError,
  RateLimitError,
  TemporarilyUnavailableError,
  TimeoutError,
  UnexpectedAnswerError,
} from '../src/index.js';
import { Transport } from '../src/transport.js';
import { TestServer, serverForTests, freePort } from './support/server.js';
import { Gate, until } from './support/waiting.js';

let server: TestServer;

serverForTests((started) => {
  server = started;
});

/** How long something takes, in milliseconds. */
async function lasts(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

const unavailable = (seconds: string) => ({ status: 503, headers: { 'retry-after': seconds } });

// ---- Retry-After ----

test('an agent that asks too much waits as long as the server says', async (context) => {
  const strict = await TestServer.start({ AGENTIDP_CLIENT_LIMIT_PER_MINUTE: '60', AGENTIDP_CLIENT_LIMIT_BURST: '2' });
  context.after(() => strict.stop());
  const client = strict.client();
  const read = () => client.agents.get(client.clientId);
  const took = await lasts(() => Promise.all([read(), read(), read()]));
  const statuses = strict.proxy.seen.map(({ status }) => status);
  assert.ok(statuses.includes(429), statuses.join());
  assert.equal(statuses.filter((status) => status === 200).length, 4);
  assert.ok(took >= 1000, `${took} ms`);

  const impatient = strict.client({ retry: { attempts: 1 } });
  const many = Array.from({ length: 10 }, () => impatient.agents.get(client.clientId));
  const answers = await Promise.allSettled(many);
  const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
  assert.ok(refusals.length > 0);
  for (const error of refusals) {
    assert.ok(error instanceof RateLimitError || error instanceof TemporarilyUnavailableError, String(error));
    assert.equal(error.status, 429);
    assert.ok(Number(error.retryAfterSeconds) >= 1);
  }
});

test('a server that is full says so, and is asked again when it said', async (context) => {
  const narrow = await TestServer.start({ AGENTIDP_CONCURRENT_REQUESTS: '1' });
  context.after(() => narrow.stop());
  // Somebody who never sends the rest has the one place, until the server has waited for three seconds.
  const slow = connect(narrow.port, '127.0.0.1');
  slow.write(
    'POST /oauth2/token HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant',
  );
  context.after(() => slow.destroy());
  await until(() => slow.bytesWritten > 0);
  const client = narrow.client();
  const took = await lasts(() => client.accessToken({ scope: 'agents:read' }));
  const answered = narrow.proxy.seen.map(({ status }) => status);
  assert.deepEqual([answered.at(0), answered.at(-1)], [503, 200]);
  assert.ok(took >= 1000, `${took} ms`);
});

test('a second wait is twice as long, and one that is too long is an error', async () => {
  const client = server.client();
  await client.accessToken({ scope: 'agents:read' });
  server.proxy.next('GET', '/agents', unavailable('1'), unavailable('1'));
  const took = await lasts(() => client.agents.list({}, { scope: 'agents:read' }).page());
  assert.ok(took >= 3000 && took < 20_000, `${took} ms`);
  server.proxy.next('GET', '/agents', unavailable('31'));
  await assert.rejects(client.agents.list().page(), (error) => {
    assert.ok(error instanceof AnswerError);
    assert.deepEqual([error.status, error.retryAfterSeconds], [503, 31]);
    return true;
  });
});

test('Retry-After may be a date', async () => {
  const client = server.client();
  await client.accessToken({ scope: 'agents:read' });
  const later = new Date(Date.now() + 5000).toUTCString();
  server.proxy.next('GET', '/agents', unavailable(later));
  assert.ok((await lasts(() => client.agents.list().page())) >= 2000);
});

// ---- connections that break ----

test('an agent is registered once, although the answer was lost', async () => {
  const client = server.client({ managementScope: 'agents:write agents:read' });
  const agent = server.newAgent();
  server.proxy.next('POST', '/agents', 'cut answer', 'cut answer');
  const { agent: registered, credential } = await client.agents.register(agent);
  const requests = server.proxy.requests('POST', '/agents');
  assert.equal(requests.length, 3);
  assert.equal(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size, 1);
  const found = await client.agents.list({ emailPrefix: agent.email }).all();
  assert.deepEqual(
    found.map(({ id }) => id),
    [registered.id],
  );
  const itself = server.client({ clientId: registered.id, clientSecret: credential.clientSecret });
  assert.ok(await itself.accessToken());
  await assert.rejects(client.agents.register(agent), AgentAlreadyExistsError);
  const keys = server.proxy.requests('POST', '/agents').map(({ headers }) => headers['idempotency-key']);
  assert.equal(new Set(keys).size, 2);
});

test('a credential is issued once, and rotated once, although the answers were lost', async () => {
  const client = server.client();
  const { clientId, credentialId } = await server.register();
  server.proxy.next('POST', /credentials$/, 'cut answer');
  const second = await client.credentials.issue(clientId, { label: 'blue' });
  server.proxy.next('POST', /rotate$/, 'cut answer', 'cut request');
  const third = await client.credentials.rotate(clientId, credentialId);
  assert.equal(third.rotatedFrom, credentialId);
  const listed = await client.credentials.list(clientId).all();
  assert.deepEqual(
    listed.map(({ id }) => id),
    [third.id, second.id, credentialId],
  );
});

test('a request that is repeated while the first is in work waits for it', async () => {
  const client = server.client();
  const agent = server.newAgent();
  const conflict = JSON.stringify({ code: 'IDEMPOTENCY_CONFLICT', message: 'in work', requestId: 'r' });
  server.proxy.next('POST', '/agents', 'cut answer', { status: 409, body: conflict });
  assert.equal((await client.agents.register(agent)).agent.email, agent.email);
  assert.equal(server.proxy.count('POST', '/agents'), 3);
});

test('a key that was used for another request is an error at once', async () => {
  const client = server.client();
  const idempotencyKey = 'a key that I chose myself'.replaceAll(' ', '-');
  const first = await client.agents.register(server.newAgent(), { idempotencyKey });
  server.proxy.reset();
  await assert.rejects(client.agents.register(server.newAgent(), { idempotencyKey }), IdempotencyConflictError);
  assert.equal(server.proxy.count('POST', '/agents'), 1);
  assert.ok(first.agent.id);
});

test('what may have been done, and would not look so the second time, is not sent again', async () => {
  const client = server.client({ managementScope: 'agents:read agents:write' });
  const { clientId } = await server.register();
  const { etag } = await client.agents.get(clientId);
  const path = `/agents/${clientId}`;
  server.proxy.reset();
  server.proxy.next('PATCH', path, 'cut answer');
  await assert.rejects(client.agents.update(clientId, { version: 'v2.0.0' }, { ifMatch: etag }), ConnectionError);
  assert.equal(server.proxy.count('PATCH', path), 1);
  await assert.rejects(
    client.agents.update(clientId, { version: 'v2.0.0' }, { ifMatch: etag }),
    PreconditionFailedError,
  );
  // A 429 says that nothing was done.
  const seen = await client.agents.get(clientId);
  server.proxy.next('PATCH', path, { status: 429, headers: { 'retry-after': '1' } });
  assert.equal((await client.agents.update(clientId, { version: 'v3.0.0' }, { ifMatch: seen.etag })).version, 'v3.0.0');
  // Without a condition the same change twice is one change.
  server.proxy.next('PATCH', path, 'cut answer');
  assert.equal((await client.agents.update(clientId, { version: 'v4.0.0' })).version, 'v4.0.0');
});

test('a request that creates something without a key is sent once', async () => {
  const transport = new Transport({ fetch, timeoutSeconds: 5, retry: { attempts: 4, longestWaitSeconds: 1 } });
  const create = (headers: Record<string, string>) =>
    transport.send(`${server.issuer}/agents`, { method: 'POST', body: '{}', headers }, {});
  server.proxy.next('POST', '/agents', 'cut answer', unavailable('1'));
  await assert.rejects(create({}), ConnectionError);
  await assert.rejects(create({}), UnexpectedAnswerError);
  assert.equal(server.proxy.count('POST', '/agents'), 2);
  server.proxy.next('POST', '/agents', 'cut answer');
  await assert.rejects(create({ 'idempotency-key': 'a-key-of-its-own' }), AuthenticationError);
  assert.equal(server.proxy.count('POST', '/agents'), 4);
});

test('a server that is not there is tried as often as was said, and is an error then', async () => {
  const issuer = `http://127.0.0.1:${await freePort()}`;
  let tries = 0;
  const client = server.client({
    issuer,
    retry: { attempts: 3 },
    fetch: (url, init) => {
      tries++;
      return fetch(url, init);
    },
  });
  await assert.rejects(client.health(), (error) => {
    assert.ok(error instanceof ConnectionError);
    assert.deepEqual([error.code, error.sent], ['CONNECTION_ERROR', false]);
    assert.match(error.message, /^GET \/health: no answer \(ECONNREFUSED\)$/);
    return true;
  });
  assert.equal(tries, 3);
});

test('an answer that does not come in time is an error, and one that breaks off is no answer', async () => {
  const gate = new Gate();
  server.proxy.next('GET', '/health', { hold: gate.opened });
  await assert.rejects(server.client({ timeoutSeconds: 0.2, retry: { attempts: 1 } }).health(), (error) => {
    assert.ok(error instanceof TimeoutError);
    assert.equal(error.message, 'GET /health: no answer within 0.2 s');
    return true;
  });
  gate.open();
  server.proxy.next('GET', '/health', { status: 200, body: '{"status":"ok","vers', cut: true });
  assert.equal((await server.client().health()).status, 'ok');
  assert.equal(server.proxy.count('GET', '/health'), 3);
});

test('a call ends when its signal says so, with its reason, also while it waits', async () => {
  const client = server.client();
  await client.accessToken({ scope: 'agents:read' });
  const reason = new Error('the user went away');
  const gate = new Gate();
  server.proxy.next('GET', '/agents', { hold: gate.opened });
  const controller = new AbortController();
  const held = client.agents.list({}, { signal: controller.signal }).page();
  await until(() => server.proxy.count('GET', '/agents') === 1);
  controller.abort(reason);
  await assert.rejects(held, reason);
  gate.open();

  server.proxy.reset();
  server.proxy.next('GET', '/agents', unavailable('20'));
  const waits = new AbortController();
  const waiting = client.agents.list({}, { signal: waits.signal }).page();
  await until(() => server.proxy.requests('GET', '/agents').at(0)?.status === 503);
  waits.abort(reason);
  const took = await lasts(() => assert.rejects(waiting, reason));
  assert.ok(took < 10_000, `${took} ms`);
  assert.equal(server.proxy.count('GET', '/agents'), 1);
});

// ---- answers ----

test('a fault of the server is tried once more, and no oftener', async () => {
  const client = server.client();
  await client.accessToken({ scope: 'agents:read' });
  const fault = {
    status: 500,
    headers: { 'x-request-id': 'a-request' },
    body: JSON.stringify({ code: 'INTERNAL_ERROR', message: 'The server failed.', requestId: 'a-request' }),
  };
  server.proxy.next('GET', '/agents', fault);
  assert.ok(await client.agents.list().page());
  server.proxy.next('GET', '/agents', fault, fault, fault);
  server.proxy.seen.length = 0;
  await assert.rejects(client.agents.list().page(), (error) => {
    assert.ok(error instanceof InternalError);
    assert.equal(error.message, 'The server failed. [500 INTERNAL_ERROR, GET /agents, request a-request]');
    return true;
  });
  assert.equal(server.proxy.count('GET', '/agents'), 2);
});

test('what something on the way answers is told from what the server does', async () => {
  const client = server.client({ retry: { attempts: 1 } });
  const html = { 'content-type': 'text/html' };
  server.proxy.next(
    'GET',
    '/health',
    { status: 502, headers: html, body: '<h1>Bad Gateway</h1>' },
    { status: 200, headers: html, body: '<h1>Log in to this network</h1>' },
    { status: 302, headers: { location: 'https://login.example.com/' } },
    { status: 418, body: '{"teapot": true}' },
  );
  for (const status of [502, 200, 302, 418]) {
    await assert.rejects(client.health(), (error) => {
      assert.ok(error instanceof UnexpectedAnswerError, String(error));
      assert.deepEqual([error.status, error.code, error.path], [status, 'UNEXPECTED_ANSWER', '/health']);
      return true;
    });
  }
  assert.equal(server.proxy.count('GET', '/health'), 4);
});

test('a request says which client sent it', async () => {
  await server.client().health();
  assert.match(server.proxy.seen[0]?.headers['user-agent'] ?? '', /^agentidp-node\/[0-9]+\.[0-9]+\.[0-9]+$/);
});
