import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import {
  AgentIdP,
  ConfigurationError,
  InvalidClientError,
  InvalidScopeError,
  InvalidTargetError,
} from '../src/index.js';
import { ManualClock } from './support/clock.js';
import { OTHER_RESOURCE, RESOURCE, TestServer, serverForTests, type Client } from './support/server.js';
import { Gate, until } from './support/waiting.js';

let server: TestServer;
let agent: Client & { credentialId: string };

serverForTests(async (started) => {
  server = started;
  agent = await server.register();
});

const asked = () => server.proxy.count('POST', '/oauth2/token');

test('a hundred calls at once make one token request', async () => {
  const client = server.client(agent);
  const tokens = await Promise.all(Array.from({ length: 100 }, () => client.accessToken()));
  assert.equal(asked(), 1);
  assert.equal(new Set(tokens).size, 1);
});

test('a token is kept, and different wishes have different tokens', async () => {
  const client = server.client(agent);
  const first = await client.accessToken({ scope: 'resume:read' });
  assert.equal(await client.accessToken({ scope: ['resume:read'] }), first);
  assert.equal(await client.accessToken({ scope: 'resume:read  resume:read' }), first);
  assert.equal(asked(), 1);
  const other = await client.accessToken({ scope: 'resume:score resume:read', resource: [RESOURCE, OTHER_RESOURCE] });
  assert.equal(
    await client.accessToken({ scope: 'resume:read resume:score', resource: [OTHER_RESOURCE, RESOURCE] }),
    other,
  );
  assert.equal(asked(), 2);
  const { scope, aud } = decodeJwt(other);
  assert.equal(scope, 'resume:read resume:score');
  assert.deepEqual([aud].flat().sort(), [OTHER_RESOURCE, RESOURCE]);
});

test('a client asks for the scope and the resource that it was made with, unless a call names others', async () => {
  const client = server.client({ ...agent, scope: 'resume:read', resource: RESOURCE });
  const claims = decodeJwt(await client.accessToken());
  assert.deepEqual([claims.scope, claims.aud], ['resume:read', RESOURCE]);
  assert.equal(decodeJwt(await client.accessToken({ scope: 'resume:score' })).scope, 'resume:score');
});

test('a token is renewed ahead of its end, and meanwhile handed out', async () => {
  const clock = new ManualClock();
  const client = server.client({ ...agent, clock });
  const first = await client.accessToken();
  clock.passed = 900 - 121;
  assert.equal(await client.accessToken(), first);
  assert.equal(asked(), 1);
  clock.passed = 900 - 119;
  const during = await Promise.all(Array.from({ length: 20 }, () => client.accessToken()));
  assert.deepEqual(new Set(during), new Set([first]));
  await until(() => server.proxy.requests('POST', '/oauth2/token').filter(({ status }) => status === 200).length === 2);
  await pause(50);
  assert.notEqual(await client.accessToken(), first);
  assert.equal(asked(), 2);
});

test('a token that is about to end is not handed out', async () => {
  const clock = new ManualClock();
  const client = server.client({ ...agent, clock });
  const first = await client.accessToken();
  clock.passed = 900 - 9;
  assert.notEqual(await client.accessToken(), first);
});

test('when renewing ahead of time fails, the token serves on, and not every call tries again', async () => {
  const clock = new ManualClock();
  const client = server.client({ ...agent, clock, retry: { attempts: 1 } });
  const first = await client.accessToken();
  clock.passed = 900 - 60;
  server.proxy.fate = () => ({ status: 503, headers: { 'retry-after': '1' } });
  for (let call = 0; call < 10; call++) {
    assert.equal(await client.accessToken(), first);
    await pause(20);
  }
  assert.equal(asked(), 2);
  clock.passed += 6;
  assert.equal(await client.accessToken(), first);
  await until(() => asked() === 3);
  server.proxy.reset();
  clock.passed += 6;
  await client.accessToken();
  await until(() => asked() === 1);
});

test('a clock that is wrong, or set, does not matter: what counts is the time that passed', async () => {
  const clock = new ManualClock();
  clock.wall = -86_400 * 365;
  const client = server.client({ ...agent, clock });
  const first = await client.accessToken();
  clock.wall -= 3600;
  assert.equal(await client.accessToken(), first);
  clock.passed = 900 - 5;
  const second = await client.accessToken();
  assert.notEqual(second, first);
  // A machine that slept has a monotonic clock that stood still; then the one on the wall says it.
  clock.wall += 900;
  assert.notEqual(await client.accessToken(), second);
});

test('whoever gives up does not take the token from the others', async () => {
  const client = server.client(agent);
  const gate = new Gate();
  server.proxy.next('POST', '/oauth2/token', { hold: gate.opened });
  const controller = new AbortController();
  const impatient = client.accessToken({ signal: controller.signal });
  const patient = client.accessToken();
  await until(() => asked() === 1);
  controller.abort(new Error('enough'));
  await assert.rejects(impatient, { message: 'enough' });
  gate.open();
  assert.ok(await patient);
  assert.equal(asked(), 1);
  await assert.rejects(client.accessToken({ scope: 'resume:read', signal: AbortSignal.abort(new Error('never')) }), {
    message: 'never',
  });
  assert.equal(asked(), 1);
});

test('a failure is not kept: the next call asks again', async () => {
  const client = server.client({ ...agent, retry: { attempts: 1 } });
  server.proxy.next('POST', '/oauth2/token', 'cut request');
  await assert.rejects(client.accessToken(), { code: 'CONNECTION_ERROR' });
  assert.ok(await client.accessToken());
});

test('refusals of the token endpoint are typed', async () => {
  await assert.rejects(server.client({ ...agent, clientSecret: 'wrong' }).accessToken(), (error) => {
    assert.ok(error instanceof InvalidClientError);
    assert.deepEqual([error.code, error.status], ['invalid_client', 401]);
    assert.match(error.requestId ?? '', /^[A-Za-z0-9._-]+$/);
    return true;
  });
  const client = server.client(agent);
  await assert.rejects(client.accessToken({ scope: 'resume:delete' }), InvalidScopeError);
  await assert.rejects(client.accessToken({ resource: 'https://elsewhere.example.com/' }), InvalidTargetError);
});

// ---- an API that agents call ----

/** An API that answers 401 as long as it is told to, and says what it was sent. */
async function api(): Promise<{
  url: string;
  sent: { token: string; body: string }[];
  refuse: (times: number) => void;
  refuseToken: (token: string) => void;
  close: () => void;
}> {
  const sent: { token: string; body: string }[] = [];
  let refusals = 0;
  let refused: string | undefined;
  const listener: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      sent.push({ token: request.headers.authorization ?? '', body });
      const no = refusals-- > 0 || request.headers.authorization === `Bearer ${refused}`;
      response.writeHead(no ? 401 : 200).end('an answer');
    });
  });
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
  const { port } = listener.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/resumes`,
    sent,
    refuse: (times) => {
      refusals = times;
    },
    refuseToken: (token) => {
      refused = token;
    },
    close: () => {
      listener.closeAllConnections();
      listener.close();
    },
  };
}

test('fetch sends a token, and after a 401 once more with a fresh one', async (context) => {
  const resumes = await api();
  context.after(resumes.close);
  const client = server.client(agent);
  assert.equal((await client.fetch(resumes.url, { scope: 'resume:read' })).status, 200);
  resumes.refuse(1);
  const answer = await client.fetch(new URL(resumes.url), { method: 'POST', body: 'a resume', scope: 'resume:read' });
  assert.equal(await answer.text(), 'an answer');
  const [first, refused, fresh] = resumes.sent.map(({ token }) => token);
  assert.equal(refused, first);
  assert.notEqual(fresh, first);
  assert.deepEqual(
    resumes.sent.map(({ body }) => body),
    ['', 'a resume', 'a resume'],
  );
  assert.equal(asked(), 2);
});

test('fetch gives the second 401 to its caller, and what cannot be sent again is not', async (context) => {
  const resumes = await api();
  context.after(resumes.close);
  const client = server.client(agent);
  resumes.refuse(2);
  assert.equal((await client.fetch(resumes.url)).status, 401);
  assert.equal(resumes.sent.length, 2);
  resumes.refuse(1);
  const body = new Blob(['a resume']).stream();
  const answer = await client.fetch(resumes.url, { method: 'POST', body, duplex: 'half' });
  assert.equal(answer.status, 401);
  assert.equal(resumes.sent.length, 3);
});

test('fifty requests that are refused at once share one fresh token', async (context) => {
  const resumes = await api();
  context.after(resumes.close);
  const client = server.client(agent);
  resumes.refuseToken(await client.accessToken());
  const answers = await Promise.all(Array.from({ length: 50 }, () => client.fetch(resumes.url)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal(asked(), 2);
});

test('a token goes nowhere without TLS', async () => {
  const client = server.client(agent);
  await assert.rejects(client.fetch('http://resumes.example.com/'), ConfigurationError);
  assert.equal(asked(), 0);
});

test('tokens that the server ended are replaced: once, and then it is an error', async () => {
  const own = await server.register();
  const client = server.client(own);
  const operator = server.client();
  await client.agents.get(own.clientId);
  await operator.agents.suspend(own.clientId, 'a look at its logs');
  await operator.agents.reactivate(own.clientId, 'nothing was found');
  server.proxy.reset();
  assert.equal((await client.agents.get(own.clientId)).status, 'active');
  assert.deepEqual(
    server.proxy.seen.map(({ method, status }) => [method, status]),
    [
      ['GET', 401],
      ['POST', 200],
      ['GET', 200],
    ],
  );
  await operator.agents.suspend(own.clientId, 'another look');
  await assert.rejects(client.agents.get(own.clientId), InvalidClientError);
});

// ---- where secrets come from ----

test('a secret that is read anew is taken up when it was rotated elsewhere', async (context) => {
  const own = await server.register();
  const folder = await mkdtemp(join(tmpdir(), 'agentidp-secret-'));
  context.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'secret');
  await writeFile(file, `${own.clientSecret}\n`);
  const client = AgentIdP.fromEnv(
    {},
    {
      AGENTIDP_ISSUER: server.issuer,
      AGENTIDP_CLIENT_ID: own.clientId,
      AGENTIDP_CLIENT_SECRET_FILE: file,
    },
  );
  assert.ok(await client.accessToken({ scope: 'resume:read' }));
  const rotated = await server.client().credentials.rotate(own.clientId, own.credentialId);
  await writeFile(file, rotated.clientSecret.reveal());
  assert.ok(await client.accessToken({ scope: 'resume:score' }));
});

test('a secret that was rotated while the request was under way is sent after the refusal of the old one', async () => {
  const own = await server.register();
  let secret = own.clientSecret;
  const client = server.client({ clientId: own.clientId, clientSecret: () => secret });
  const rotated = await server.client().credentials.rotate(own.clientId, own.credentialId);
  server.proxy.reset();
  const gate = new Gate();
  server.proxy.next('POST', '/oauth2/token', { hold: gate.opened });
  const token = client.accessToken();
  await until(() => asked() === 1);
  secret = rotated.clientSecret.reveal();
  gate.open();
  assert.ok(await token);
  assert.deepEqual(
    server.proxy.requests('POST', '/oauth2/token').map(({ status }) => status),
    [401, 200],
  );
});

// ---- configuration ----

test('the environment makes a client, and what it lacks is named at once', async () => {
  const variables = {
    AGENTIDP_ISSUER: `${server.issuer}/`,
    AGENTIDP_CLIENT_ID: agent.clientId,
    AGENTIDP_CLIENT_SECRET: agent.clientSecret,
  };
  const client = AgentIdP.fromEnv({}, variables);
  assert.deepEqual([client.issuer, client.clientId], [server.issuer, agent.clientId]);
  assert.ok(await client.accessToken());
  assert.throws(() => AgentIdP.fromEnv({}, { AGENTIDP_CLIENT_ID: '' }), {
    name: 'ConfigurationError',
    message:
      'AGENTIDP_ISSUER is not set; AGENTIDP_CLIENT_ID is not set; ' +
      'neither AGENTIDP_CLIENT_SECRET nor AGENTIDP_CLIENT_SECRET_FILE is set',
  });
  assert.throws(() => AgentIdP.fromEnv({}, { ...variables, AGENTIDP_CLIENT_SECRET_FILE: '/a/file' }), /are both set/);
  assert.equal(AgentIdP.fromEnv({ clientId: 'another' }, variables).clientId, 'another');
});

test('an issuer that would give secrets away is refused', () => {
  const wrong = [
    'http://id.example.com',
    'ftp://id.example.com',
    'id.example.com',
    'https://id.example.com/path',
    'https://u:p@id.example.com',
  ];
  for (const issuer of wrong) {
    assert.throws(() => server.client({ issuer }), ConfigurationError, issuer);
  }
  for (const issuer of ['https://id.example.com', 'http://localhost:3000', 'http://[::1]:3000']) {
    assert.ok(server.client({ issuer }));
  }
  assert.ok(server.client({ issuer: 'http://agentidp:3000', allowInsecureTransport: true }));
  assert.throws(() => new AgentIdP({ issuer: server.issuer, clientId: 'alone' }), ConfigurationError);
});

test('another way of authentication takes the place of the secret', async () => {
  const urls: string[] = [];
  const client = new AgentIdP({
    issuer: server.issuer,
    authentication: {
      clientId: agent.clientId,
      prove: ({ method, url, form }) => {
        urls.push(`${method} ${url}`);
        // client_secret_post, which is no other than writing into the form.
        form?.set('client_id', agent.clientId);
        form?.set('client_secret', agent.clientSecret);
        return Promise.resolve();
      },
      renew: () => Promise.resolve(false),
    },
  });
  assert.ok(await client.accessToken());
  assert.deepEqual(urls, [`POST ${server.issuer}/oauth2/token`]);
  await assert.rejects(client.rotateSecret({ store: () => undefined }), ConfigurationError);
});
