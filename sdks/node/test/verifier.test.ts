import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';
import { decodeProtectedHeader, type JWTPayload } from 'jose';
import {
  InsufficientScopeError,
  InvalidTokenError,
  KeysUnavailableError,
  TokenVerifier,
  type AgentIdP,
  type TokenFault,
} from '../src/index.js';
import { ManualClock } from './support/clock.js';
import { TestIssuer } from './support/issuer.js';
import { OTHER_RESOURCE, RESOURCE, TestServer, serverForTests, type Client } from './support/server.js';
import { until } from './support/waiting.js';

const JWKS = '/.well-known/jwks.json';

let server: TestServer;
let agent: AgentIdP;
let credentials: Client;
let issuer: TestIssuer;

serverForTests(
  async (started) => {
    server = started;
    credentials = await server.register();
    agent = newClient();
    issuer = await TestIssuer.start();
  },
  { AGENTIDP_JWKS_MAX_AGE_SECONDS: '1' },
);
after(() => {
  issuer.stop();
});
beforeEach(async () => {
  issuer.away = false;
  issuer.keys = [];
  await issuer.addKey('one');
  issuer.fetched = 0;
});

/** A client that has no tokens yet. */
function newClient(): AgentIdP {
  return server.client({ ...credentials, scope: 'resume:read', resource: RESOURCE });
}

/** Of the real server, unless a test says otherwise. */
function verifier(more: Partial<ConstructorParameters<typeof TokenVerifier>[0]> = {}): TokenVerifier {
  return new TokenVerifier({ issuer: server.issuer, audience: RESOURCE, ...more });
}

async function refused(fault: TokenFault, verifying: Promise<unknown>): Promise<void> {
  await assert.rejects(verifying, (error) => {
    assert.ok(error instanceof InvalidTokenError, String(error));
    assert.deepEqual([error.fault, error.code], [fault, 'INVALID_TOKEN'], error.message);
    return true;
  });
}

const base64url = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url');

/** A token with another header, and whatever signature goes with it. */
function forged(token: string, header: Record<string, unknown>, sign: (text: string) => string): string {
  const text = `${base64url({ ...decodeProtectedHeader(token), ...header })}.${token.split('.')[1]}`;
  return `${text}.${sign(text)}`;
}

// ---- what is accepted ----

test('a token of the server is verified, and says whose it is', async () => {
  const resumes = verifier();
  const verified = await resumes.verifyToken(await agent.accessToken(), { scope: 'resume:read' });
  assert.equal(verified.agentId, agent.clientId);
  assert.deepEqual(verified.scope, ['resume:read']);
  assert.deepEqual(verified.audience, [RESOURCE]);
  assert.equal(verified.expiresAt.getTime() - verified.issuedAt.getTime(), 900_000);
  assert.deepEqual(
    [verified.agentType, verified.agentVersion, verified.deploymentEnv],
    ['screener', 'v1.0.0', 'staging'],
  );
  assert.ok(verified.owner);
  assert.equal(verified.claims.iss, server.issuer);
  assert.deepEqual([verified.may('resume:read'), verified.may('resume:read resume:score')], [true, false]);
});

for (const algorithm of ['EdDSA', 'RS256']) {
  test(`tokens signed with ${algorithm} are verified too`, async (context) => {
    const other = await TestServer.start({ JWT_ALGORITHM: algorithm });
    context.after(() => other.stop());
    const token = await other.client(await other.register()).accessToken({ resource: RESOURCE });
    assert.equal(decodeProtectedHeader(token).alg, algorithm);
    assert.ok(await verifier({ issuer: other.issuer }).verifyToken(token));
  });
}

test('one of several audiences is enough, on either side', async () => {
  const token = await agent.accessToken({ resource: [RESOURCE, OTHER_RESOURCE] });
  assert.ok(await verifier().verifyToken(token));
  assert.ok(await verifier({ audience: ['https://third.example.com/', OTHER_RESOURCE] }).verifyToken(token));
});

test('the environment makes a verifier, and an audience there must be', () => {
  const variables = { AGENTIDP_ISSUER: server.issuer, AGENTIDP_AUDIENCE: RESOURCE };
  assert.equal(TokenVerifier.fromEnv({}, variables).issuer, server.issuer);
  assert.throws(() => TokenVerifier.fromEnv({}, { AGENTIDP_AUDIENCE: RESOURCE }), /AGENTIDP_ISSUER is not set/);
  assert.throws(() => verifier({ audience: [] }), /audience must be named/);
  assert.throws(() => verifier({ issuer: 'http://id.example.com' }), /is not https/);
});

// ---- what is refused ----

test('a token without a signature, or signed with the public key as a secret, is refused', async () => {
  const token = await agent.accessToken();
  await refused('algorithm', verifier().verifyToken(forged(token, { alg: 'none' }, () => '')));
  const { keys } = (await (await fetch(server.issuer + JWKS)).json()) as { keys: { kid: string }[] };
  for (const jwk of keys) {
    const pem = createPublicKey({ key: jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    for (const secret of [pem, JSON.stringify(jwk)]) {
      const hmac = (text: string) => createHmac('sha256', secret).update(text).digest('base64url');
      await refused('algorithm', verifier().verifyToken(forged(token, { alg: 'HS256', kid: jwk.kid }, hmac)));
    }
  }
});

test('a token that was changed, or whose key is that of another algorithm, is refused', async () => {
  const token = await agent.accessToken();
  const [header, payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as JWTPayload;
  const changed = `${header}.${base64url({ ...claims, scope: 'resume:read resume:delete' })}.${signature}`;
  await refused('signature', verifier().verifyToken(changed));
  await refused('unknown_key', verifier().verifyToken(forged(token, { alg: 'RS256' }, () => signature)));
  await refused('malformed', verifier().verifyToken(forged(token, { crit: ['exp'] }, () => signature)));
});

test('what is no token at all is refused, without asking for keys', async () => {
  const strict = verifier({ issuer: issuer.url });
  const texts = ['', 'nothing', 'a.b.c', '..', 'a'.repeat(70_000), null as never, 42 as never];
  for (const text of texts) {
    await refused('malformed', strict.verifyToken(text));
  }
  assert.equal(issuer.fetched, 0);
});

test('a token of another kind, issuer or audience, or without what a token must have, is refused', async () => {
  const strict = verifier({ issuer: issuer.url });
  assert.equal((await strict.verifyToken(await issuer.token('one'))).agentId, 'an-agent');
  assert.ok(await strict.verifyToken(await issuer.token('one', {}, { typ: 'application/at+jwt' })));
  const cases: [TokenFault, JWTPayload, Record<string, unknown>?][] = [
    ['type', {}, { typ: 'JWT' }],
    ['type', {}, { typ: undefined }],
    ['issuer', { iss: 'https://evil.example.com' }],
    ['issuer', { iss: `${issuer.url}/` }],
    ['audience', { aud: OTHER_RESOURCE }],
    ['audience', { aud: RESOURCE.slice(0, -1) }],
    ['audience', { aud: [] }],
    ['not_yet_valid', { nbf: Math.floor(Date.now() / 1000) + 60 }],
    ['unknown_key', {}, { kid: undefined }],
    ...['iat', 'sub', 'client_id', 'jti', 'exp'].map((claim): [TokenFault, JWTPayload] => [
      'claims',
      { [claim]: undefined },
    ]),
    ['issuer', { iss: undefined }],
    ['audience', { aud: undefined }],
  ];
  for (const [fault, claims, header] of cases) {
    await refused(fault, strict.verifyToken(await issuer.token('one', claims, header)));
  }
  await refused('audience', verifier({ audience: OTHER_RESOURCE }).verifyToken(await agent.accessToken()));
  const management = await server.client().accessToken({ scope: 'agents:read' });
  await refused('audience', verifier().verifyToken(management));
});

test('a token that has expired is refused, and clocks may be a little apart', async () => {
  const clock = new ManualClock();
  const token = await newClient().accessToken();
  const resumes = verifier({ clock });
  clock.wall = 890;
  assert.ok(await resumes.verifyToken(token));
  clock.wall = 903;
  assert.ok(await resumes.verifyToken(token));
  clock.wall = 960;
  await refused('expired', resumes.verifyToken(token));
  assert.ok(await verifier({ clock, clockToleranceSeconds: 120 }).verifyToken(token));
  clock.wall = -3600;
  assert.ok(await resumes.verifyToken(token));
});

test('a token whose scope lacks something is good, and not for this', async () => {
  const token = await agent.accessToken();
  await assert.rejects(verifier().verifyToken(token, { scope: ['resume:read', 'resume:score'] }), (error) => {
    assert.ok(error instanceof InsufficientScopeError);
    assert.deepEqual([error.required, error.missing], [['resume:read', 'resume:score'], ['resume:score']]);
    return true;
  });
  const strict = verifier({ issuer: issuer.url });
  const none = await issuer.token('one', { scope: undefined });
  assert.deepEqual((await strict.verifyToken(none)).scope, []);
  await assert.rejects(strict.verifyToken(none, { scope: 'resume:read' }), InsufficientScopeError);
});

// ---- keys ----

test('keys are fetched once for many tokens, and again when they are old', async () => {
  const clock = new ManualClock();
  const strict = verifier({ issuer: issuer.url, clock });
  const token = await issuer.token('one');
  await Promise.all(Array.from({ length: 100 }, () => strict.verifyToken(token)));
  assert.equal(issuer.fetched, 1);
  clock.passed = 299;
  await strict.verifyToken(token);
  assert.equal(issuer.fetched, 1);
  clock.passed = 301;
  await Promise.all(Array.from({ length: 100 }, () => strict.verifyToken(token)));
  assert.equal(issuer.fetched, 2);
});

test('a key that is not known has the keys fetched, once in a while', async () => {
  const clock = new ManualClock();
  const strict = verifier({ issuer: issuer.url, clock });
  await strict.verifyToken(await issuer.token('one'));
  const published = issuer.keys;
  await issuer.addKey('two');
  assert.ok(await strict.verifyToken(await issuer.token('two')));
  assert.equal(issuer.fetched, 2);
  await issuer.addKey('three');
  issuer.keys = published.slice(0, 2);
  for (let attempt = 0; attempt < 20; attempt++) {
    await refused('unknown_key', strict.verifyToken(await issuer.token('three')));
  }
  assert.equal(issuer.fetched, 2);
  clock.passed = 31;
  const many = Array.from({ length: 20 }, async () =>
    refused('unknown_key', strict.verifyToken(await issuer.token('three'))),
  );
  await Promise.all(many);
  assert.equal(issuer.fetched, 3);
});

test('while the keys cannot be had nobody knows, unless there are some that are not too old', async () => {
  const clock = new ManualClock();
  const strict = verifier({ issuer: issuer.url, clock, retry: { attempts: 1 } });
  const token = await issuer.token('one', { exp: Math.floor(Date.now() / 1000) + 86_400 });
  issuer.away = true;
  await assert.rejects(strict.verifyToken(token), (error) => {
    assert.ok(error instanceof KeysUnavailableError);
    assert.equal((error.cause as { code: string }).code, 'CONNECTION_ERROR');
    return true;
  });
  issuer.away = false;
  await strict.verifyToken(token);
  issuer.away = true;
  issuer.fetched = 0;
  clock.passed = 301;
  for (let attempt = 0; attempt < 10; attempt++) {
    assert.ok(await strict.verifyToken(token));
  }
  assert.equal(issuer.fetched, 1);
  clock.passed = 301 + 3600;
  await assert.rejects(strict.verifyToken(token), KeysUnavailableError);
  issuer.away = false;
  assert.ok(await strict.verifyToken(token));
});

test('signing keys follow one another, and no token is refused meanwhile', async () => {
  const resumes = verifier();
  const first = await agent.accessToken();
  await resumes.verifyToken(first);
  await server.command('keys', 'rotate');
  const kid = decodeProtectedHeader(first).kid;
  await until(async () => {
    const fresh = await newClient().accessToken();
    await resumes.verifyToken(fresh);
    await resumes.verifyToken(first);
    return decodeProtectedHeader(fresh).kid !== kid;
  });
});

test('a key that others know is given up: its tokens end, and new ones are good at once', async () => {
  const resumes = verifier({ cooldownSeconds: 1 });
  const old = await agent.accessToken({ scope: 'resume:score' });
  const kid = decodeProtectedHeader(old).kid;
  await resumes.verifyToken(old);
  await server.command('keys', 'rotate', '--compromised');
  let fresh = old;
  await until(async () => {
    fresh = await newClient().accessToken();
    return decodeProtectedHeader(fresh).kid !== kid;
  });
  assert.ok(await resumes.verifyToken(fresh));
  await refused('unknown_key', resumes.verifyToken(old));
});
