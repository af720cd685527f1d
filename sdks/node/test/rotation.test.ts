import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  ConfigurationError,
  CredentialConflictError,
  InvalidClientError,
  Secret,
  SecretNotStoredError,
} from '../src/index.js';
import { TestServer, serverForTests } from './support/server.js';
import { until } from './support/waiting.js';

let server: TestServer;

serverForTests((started) => {
  server = started;
});

test('a secret is replaced under load, and no request fails', async () => {
  const own = await server.register();
  const client = server.client(own);
  const token = await client.accessToken();
  let running = true;
  let done = 0;
  // Each of these requests proves itself with the secret.
  const worker = async () => {
    while (running) {
      assert.equal((await client.tokens.introspect(token)).active, true);
      done += 1;
    }
  };
  const workers = Promise.all(Array.from({ length: 20 }, worker));
  await until(() => done > 20);
  const stored: Secret[] = [];
  const rotated = await client.rotateSecret({
    gracePeriodSeconds: 5,
    store: async ({ clientSecret }) => {
      await pause(100);
      stored.push(clientSecret);
    },
  });
  const soFar = done;
  await until(() => done > soFar + 20);
  // The old secret has ended by now, and nobody notices.
  await pause(5500);
  const later = done;
  await until(() => done > later + 20);
  running = false;
  await workers;
  const seen = server.proxy.seen.length;
  assert.deepEqual(stored, [rotated.clientSecret]);
  assert.equal(rotated.rotatedFrom, own.credentialId);
  await assert.rejects(server.client(own).accessToken(), InvalidClientError);
  assert.ok(await server.client({ clientId: own.clientId, clientSecret: stored[0] }).accessToken());
  const statuses = new Set(server.proxy.seen.slice(0, seen).map(({ status }) => status));
  assert.deepEqual(statuses, new Set([200, 201]));
});

test('a secret is replaced again and again, by the client that has it', async () => {
  const own = await server.register();
  const client = server.client(own);
  const issued = [own.credentialId];
  for (let time = 0; time < 3; time++) {
    const { id, rotatedFrom } = await client.rotateSecret({ store: () => undefined });
    assert.equal(rotatedFrom, issued.at(-1));
    issued.push(id);
  }
  const listed = await client.credentials.list(own.clientId).all();
  assert.deepEqual(
    listed.map(({ id }) => id),
    issued.reverse(),
  );
});

test('an answer that is lost does not lose the secret', async () => {
  const own = await server.register();
  const client = server.client(own);
  server.proxy.next('POST', /rotate$/, 'cut answer', 'cut answer');
  const rotated = await client.rotateSecret({ store: () => undefined });
  assert.equal(rotated.rotatedFrom, own.credentialId);
  assert.ok(await server.client({ clientId: own.clientId, clientSecret: rotated.clientSecret }).accessToken());
});

test('a process that ended in the middle gets the same secret with the same key', async () => {
  const own = await server.register();
  const idempotencyKey = 'kept-before-the-rotation';
  const first = await server.client(own).rotateSecret({ store: () => undefined, idempotencyKey });
  const again = await server.client(own).rotateSecret({ store: () => undefined, idempotencyKey });
  assert.equal(again.id, first.id);
  assert.equal(again.clientSecret.reveal(), first.clientSecret.reveal());
  await assert.rejects(server.client(own).rotateSecret({ store: () => undefined }), CredentialConflictError);
});

test('when the new secret cannot be stored, the client goes on with it, and the error has it', async () => {
  const own = await server.register();
  const client = server.client(own);
  const before = Date.now();
  await assert.rejects(
    client.rotateSecret({
      gracePeriodSeconds: 1,
      store: () => {
        throw new Error('the vault is sealed');
      },
    }),
    (error) => {
      assert.ok(error instanceof SecretNotStoredError);
      assert.equal((error.cause as Error).message, 'the vault is sealed');
      assert.match(error.credential.clientSecret.reveal(), /^sas_/);
      const endsIn = error.oldSecretEndsAt.getTime() - before;
      assert.ok(endsIn >= 1000 && endsIn < 10_000);
      return true;
    },
  );
  await pause(1500);
  assert.ok(await client.accessToken());
});

test('a source that still has the old secret is not believed any more, and one that has a newer one is', async () => {
  const own = await server.register();
  let source = own.clientSecret;
  const client = server.client({ clientId: own.clientId, clientSecret: () => source });
  await client.rotateSecret({ gracePeriodSeconds: 1, store: () => undefined });
  await pause(1500);
  assert.ok(await client.accessToken({ scope: 'resume:read' }));
  const newest = await server.client().credentials.issue(own.clientId);
  source = newest.clientSecret.reveal();
  assert.ok(await client.accessToken({ scope: 'resume:score' }));
  const basic = server.proxy.seen.at(-1)?.headers.authorization?.split(' ')[1] ?? '';
  assert.equal(Buffer.from(basic, 'base64').toString(), `${own.clientId}:${source}`);
});

test('without a time in which both secrets work, requests would fail', async () => {
  const client = server.client(await server.register());
  for (const gracePeriodSeconds of [0, -1, NaN]) {
    await assert.rejects(client.rotateSecret({ gracePeriodSeconds, store: () => undefined }), ConfigurationError);
  }
  assert.equal(server.proxy.seen.filter(({ path }) => path.endsWith('/rotate')).length, 0);
});
