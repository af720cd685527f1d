import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, beforeEach } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AgentIdP, type AgentIdPOptions, type NewAgent } from '../../src/index.js';
import { Proxy } from './proxy.js';

const BINARY = resolve(process.env.AGENTIDP_BIN ?? '../../target/debug/agentidp');
const MASTER_KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';

export const RESOURCE = 'https://resumes.example.com/';
export const OTHER_RESOURCE = 'https://jobs.example.com/';

export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The real server on a database of its own, behind a proxy that tests can tell to break things. Its issuer is the proxy. */
export class TestServer {
  readonly proxy: Proxy;
  readonly operator: Client;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #process: ChildProcess;
  #registered = 0;

  private constructor(
    proxy: Proxy,
    operator: Client,
    folder: string,
    environment: NodeJS.ProcessEnv,
    child: ChildProcess,
  ) {
    this.proxy = proxy;
    this.operator = operator;
    this.#folder = folder;
    this.#environment = environment;
    this.#process = child;
  }

  /** Starts one, with these settings beside those that it takes to start at all. */
  static async start(settings: Record<string, string> = {}): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), 'agentidp-sdk-node-'));
    const port = await freePort();
    const proxy = await Proxy.start(port);
    const environment = {
      AGENTIDP_ENV: 'test',
      AGENTIDP_BIND: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: `sqlite://${folder}/agentidp.db`,
      JWT_ISSUER: proxy.url,
      AGENTIDP_MASTER_KEY: MASTER_KEY,
      AGENTIDP_ALLOWED_RESOURCES: `${RESOURCE},${OTHER_RESOURCE}`,
      ...settings,
    };
    try {
      const operator = JSON.parse(await run(['bootstrap', '--json'], environment, folder)) as Client;
      const log = await open(join(folder, 'log'), 'w');
      const child = spawn(BINARY, ['serve'], { env: environment, cwd: folder, stdio: ['ignore', log.fd, log.fd] });
      const server = new TestServer(proxy, operator, folder, environment, child);
      await server.#ready(port, log);
      return server;
    } catch (error) {
      // A proxy that goes on listening would keep the tests from ending.
      await proxy.stop();
      throw error;
    }
  }

  get issuer(): string {
    return this.proxy.url;
  }

  /** The server past the proxy, for what it does not pass on. */
  get port(): number {
    return Number(this.#environment.PORT);
  }

  /** A command of the server's binary, on its database; what it printed. */
  command(...words: string[]): Promise<string> {
    return run(words, this.#environment, this.#folder);
  }

  /** A client of this server; the operator's, unless it is told another. */
  client(options: Partial<AgentIdPOptions> = {}): AgentIdP {
    return new AgentIdP({ issuer: this.issuer, ...this.operator, ...options });
  }

  /** Registers an agent as the operator. */
  async register(more: Partial<NewAgent> = {}, scope = 'agents:write'): Promise<Client & { credentialId: string }> {
    const operator = this.client({ managementScope: scope });
    this.#registered += 1;
    const { credential } = await operator.agents.register({ ...this.newAgent(), ...more });
    const { clientId, clientSecret, id } = credential;
    return { clientId, clientSecret: clientSecret.reveal(), credentialId: id };
  }

  /** An agent that is not registered yet. */
  newAgent(): NewAgent {
    this.#registered += 1;
    return {
      email: `screener-${this.#registered}@example.com`,
      agentType: 'screener',
      version: 'v1.0.0',
      capabilities: ['resume:read', 'resume:score'],
      deploymentEnv: 'staging',
    };
  }

  /** What the server has logged so far. */
  log(): Promise<string> {
    return readFile(join(this.#folder, 'log'), 'utf8');
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#process.once('exit', done));
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGTERM');
      await ended;
    }
    await this.proxy.stop();
    await rm(this.#folder, { recursive: true });
  }

  async #ready(port: number, log: FileHandle): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline && this.#process.exitCode === null) {
      const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.ok) {
        await log.close();
        return;
      }
      await pause(50);
    }
    throw new Error(`the server did not become ready:\n${await this.log()}`);
  }
}

async function run(words: string[], env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  return (await promisify(execFile)(BINARY, words, { env, cwd })).stdout;
}

/** A server for all tests of a file: `use` gets it before the first, and each test begins with a proxy that has seen nothing. */
export function serverForTests(
  use: (server: TestServer) => void | Promise<void>,
  settings: Record<string, string> = {},
): void {
  let server: TestServer | undefined;
  before(async () => {
    server = await TestServer.start(settings);
    await use(server);
  });
  after(() => server?.stop());
  beforeEach(() => {
    server?.proxy.reset();
  });
}

/** A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        found(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}
