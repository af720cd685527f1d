import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { AgentIdP, Secret, SecretNotStoredError } from '../src/index.js';
import { TestServer, serverForTests, freePort, type Client } from './support/server.js';

let server: TestServer;
let agent: Client & { credentialId: string };

serverForTests(async (started) => {
  server = started;
  agent = await server.register();
});

/** Everything that a program might write into a log of a value. */
function shown(value: unknown): string {
  const deep = { depth: Infinity, showHidden: true, getters: true, maxStringLength: null, breakLength: Infinity };
  const texts = [
    inspect(value, deep),
    inspect({ value }, deep),
    JSON.stringify({ value }),
    String(value),
    format('%s %j %o %O', value, value, value, value),
  ];
  if (value instanceof Error) {
    texts.push(
      value.message,
      value.stack ?? '',
      JSON.stringify(Object.getOwnPropertyNames(value).map((name) => (value as never)[name])),
      shown(value.cause),
    );
  }
  return texts.join('\n');
}

/** Whether a text has a secret, as it stands or as a header has it. */
function assertHidden(value: unknown, ...secrets: string[]): void {
  const text = shown(value);
  for (const secret of secrets) {
    assert.ok(secret.length > 20);
    const basic = Buffer.from(`${agent.clientId}:${secret}`).toString('base64');
    for (const form of [secret, secret.slice(-30), basic, basic.slice(-30)]) {
      assert.ok(!text.includes(form), `shows a secret:\n${text}`);
    }
  }
}

async function errorOf(action: () => Promise<unknown>): Promise<Error> {
  try {
    await action();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  assert.fail('it did not fail');
}

test('a secret shows itself to nobody who does not ask', () => {
  const secret = new Secret('the text of a long secret');
  assert.equal(secret.reveal(), 'the text of a long secret');
  assertHidden(secret, secret.reveal());
  assert.equal(`a ${String(secret)}`, 'a [secret]');
  assert.equal(Secret.of(secret), secret);
});

test('a client shows neither its secret nor its tokens', async () => {
  const client = server.client(agent);
  const token = await client.accessToken();
  await client.agents.get(client.clientId);
  assertHidden(client, agent.clientSecret, token);
  for (const part of [client.agents, client.credentials, client.tokens, client.audit, client.agents.list()]) {
    assertHidden(part, agent.clientSecret, token);
  }
  assert.match(inspect(client), /^AgentIdP \{ issuer: '.*', clientId: '.*' \}$/);
  assert.deepEqual(JSON.parse(JSON.stringify(client)), { issuer: server.issuer, clientId: agent.clientId });
});

test('what is issued shows no secret', async () => {
  const operator = server.client();
  const registration = await operator.agents.register(server.newAgent());
  assertHidden(registration, registration.credential.clientSecret.reveal());
  const issued = await operator.credentials.issue(registration.agent.id);
  assertHidden(issued, issued.clientSecret.reveal());
});

test('no error shows a secret or a token', async () => {
  const client = server.client({ ...agent, retry: { attempts: 1 } });
  const token = await client.accessToken();
  const management = await server.client().accessToken({ scope: 'agents:read' });
  const wrong = `${agent.clientSecret.slice(0, -1)}_`;
  const gone = server.client({ ...agent, issuer: `http://127.0.0.1:${await freePort()}`, retry: { attempts: 1 } });
  const secrets = [agent.clientSecret, token, management, wrong, server.operator.clientSecret];
  server.proxy.next('POST', '/oauth2/introspect', { status: 502, body: `<p>${token}</p>` }, 'cut answer');
  const errors = [
    await errorOf(() => server.client({ ...agent, clientSecret: wrong }).accessToken()),
    await errorOf(() => gone.accessToken()),
    await errorOf(() => client.tokens.introspect(token)),
    await errorOf(() => client.tokens.introspect(token)),
    await errorOf(() => client.tokens.revoke(management)),
    await errorOf(() => client.accessToken({ scope: 'resume:delete' })),
    await errorOf(() => server.client().agents.get(agent.credentialId)),
    await errorOf(() =>
      server.client({ timeoutSeconds: 0.001, retry: { attempts: 1 } }).accessToken({ scope: 'agents:read' }),
    ),
    await errorOf(() => Promise.resolve().then(() => new AgentIdP({ issuer: 'http://x.example.com', ...agent }))),
  ];
  for (const error of errors) {
    assertHidden(error, ...secrets);
  }
  const names = errors.map(({ name }) => name);
  assert.deepEqual(names, [
    'InvalidClientError',
    'ConnectionError',
    'UnexpectedAnswerError',
    'ConnectionError',
    'InvalidGrantError',
    'InvalidScopeError',
    'AgentNotFoundError',
    'TimeoutError',
    'ConfigurationError',
  ]);
});

test('an error that has a new secret does not show it', async () => {
  const client = server.client(await server.register());
  const error = await errorOf(() => client.rotateSecret({ store: () => Promise.reject(new Error('no')) }));
  assert.ok(error instanceof SecretNotStoredError);
  assertHidden(error, error.credential.clientSecret.reveal());
});
