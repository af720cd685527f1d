import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import express, { type ErrorRequestHandler } from 'express';
import fastify from 'fastify';
import { TokenVerifier, type AgentIdP } from '../src/index.js';
import { authorize as authorizeExpress } from '../src/express.js';
import { authorize as authorizeFastify } from '../src/fastify.js';
import { OTHER_RESOURCE, RESOURCE, TestServer, serverForTests, freePort } from './support/server.js';

let server: TestServer;
let agent: AgentIdP;
let verifier: TokenVerifier;

serverForTests(async (started) => {
  server = started;
  agent = server.client({ ...(await server.register()), resource: RESOURCE });
  verifier = new TokenVerifier({ issuer: server.issuer, audience: RESOURCE });
});

interface Api {
  readonly url: string;
  readonly close: () => Promise<unknown>;
}

/** An API with `/resumes` for whoever may read them, `/scores` for whoever may score them, and `/open` for everybody. */
type Framework = (judge: TokenVerifier) => Promise<Api>;

const withExpress: Framework = async (judge) => {
  const app = express();
  app.get('/open', (_request, response) => {
    response.send('open');
  });
  app.use(authorizeExpress(judge));
  app.get('/resumes', authorizeExpress(judge, { scope: 'resume:read' }), (request, response) => {
    response.json({ agent: request.agent?.agentId });
  });
  app.get('/scores/:id', authorizeExpress(judge, { scope: ['resume:read', 'resume:score'] }), (request, response) => {
    response.json({ agent: request.agent?.agentId, id: request.params.id });
  });
  return listening(createServer(app));
};

const withFastify: Framework = async (judge) => {
  const app = fastify();
  app.get('/open', () => 'open');
  await app.register((guarded) => {
    guarded.addHook('onRequest', authorizeFastify(judge));
    guarded.get('/resumes', { onRequest: authorizeFastify(judge, { scope: 'resume:read' }) }, ({ agent: caller }) => ({
      agent: caller?.agentId,
    }));
    guarded.get<{ Params: { id: string } }>(
      '/scores/:id',
      { onRequest: authorizeFastify(judge, { scope: ['resume:read', 'resume:score'] }) },
      ({ agent: caller, params }) => ({ agent: caller?.agentId, id: params.id }),
    );
    return Promise.resolve();
  });
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
};

async function listening(http: Server): Promise<Api> {
  await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () => {
      http.closeAllConnections();
      return new Promise((closed) => http.close(closed));
    },
  };
}

for (const [name, framework] of Object.entries({ Express: withExpress, Fastify: withFastify })) {
  describe(name, () => {
    let api: Api;
    before(async () => {
      api = await framework(verifier);
    });
    after(() => api.close());

    const get = (path: string, authorization?: string) =>
      fetch(api.url + path, authorization === undefined ? {} : { headers: { authorization } });

    test('an agent with a good token and the scope is let through', async () => {
      const answer = await agent.fetch(`${api.url}/resumes`, { scope: 'resume:read' });
      assert.equal(answer.status, 200);
      assert.deepEqual(await answer.json(), { agent: agent.clientId });
      const scores = await agent.fetch(`${api.url}/scores/7`);
      assert.deepEqual(await scores.json(), { agent: agent.clientId, id: '7' });
      const token = await agent.accessToken();
      assert.equal((await get('/resumes', `bearer ${token}`)).status, 200);
    });

    test('without a token the answer says what is needed, and what is open stays open', async () => {
      const answer = await get('/resumes');
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="agents"');
      assert.deepEqual(await answer.json(), {
        error: 'invalid_request',
        error_description: 'an access token is needed',
      });
      assert.equal(await (await get('/open')).text(), 'open');
    });

    test('a token that is none is refused, and the answer says why', async () => {
      const elsewhere = await agent.accessToken({ resource: OTHER_RESOURCE });
      const cases: [string, string][] = [
        ['Bearer nothing', 'the token is none'],
        ['Bearer ', 'Authorization has no bearer token'],
        ['Basic YTpi', 'Authorization has no bearer token'],
        [`Bearer ${elsewhere} ${elsewhere}`, 'Authorization has no bearer token'],
        [`Bearer ${elsewhere}`, 'the token is for another audience'],
      ];
      for (const [authorization, description] of cases) {
        const answer = await get('/resumes', authorization);
        assert.equal(answer.status, 401, authorization);
        assert.equal(
          answer.headers.get('www-authenticate'),
          `Bearer realm="agents", error="invalid_token", error_description="${description}"`,
        );
        assert.deepEqual(await answer.json(), { error: 'invalid_token', error_description: description });
      }
    });

    test('a token that may not do this is refused, and the answer says what it would take', async () => {
      const answer = await agent.fetch(`${api.url}/scores/7`, { scope: 'resume:read' });
      assert.equal(answer.status, 403);
      assert.equal(
        answer.headers.get('www-authenticate'),
        'Bearer realm="agents", error="insufficient_scope", ' +
          'error_description="the token lacks the scope resume:score", scope="resume:read resume:score"',
      );
      assert.deepEqual(await answer.json(), {
        error: 'insufficient_scope',
        error_description: 'the token lacks the scope resume:score',
      });
    });

    test('while the keys cannot be had, the answer is 503 and not yes', async () => {
      const issuer = `http://127.0.0.1:${await freePort()}`;
      const blind = await framework(new TokenVerifier({ issuer, audience: RESOURCE, retry: { attempts: 1 } }));
      try {
        const answer = await agent.fetch(`${blind.url}/resumes`);
        assert.equal(answer.status, 503);
        assert.equal(answer.headers.get('retry-after'), '5');
        assert.equal(((await answer.json()) as { error: string }).error, 'temporarily_unavailable');
      } finally {
        await blind.close();
      }
    });
  });
}

test('a realm is named, or refused if it would break the header', () => {
  assert.throws(() => authorizeExpress(verifier, { realm: 'a "realm"' }), TypeError);
  assert.throws(() => authorizeFastify(verifier, { realm: 'a\r\nrealm' }), TypeError);
});

test('what goes wrong beside tokens is not hidden', async (context) => {
  const broken = { verifyToken: () => Promise.reject(new Error('a fault')) } as unknown as TokenVerifier;
  const app = express();
  app.use(authorizeExpress(broken));
  const failed: ErrorRequestHandler = (error: Error, _request, response, next) => {
    if (response.headersSent) {
      next(error);
    }
    response.status(500).send(error.message);
  };
  app.use(failed);
  const api = await listening(createServer(app));
  context.after(api.close);
  const answer = await fetch(api.url, { headers: { authorization: 'Bearer token' } });
  assert.deepEqual([answer.status, await answer.text()], [500, 'a fault']);
});
