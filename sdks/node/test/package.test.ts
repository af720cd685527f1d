import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { VERSION } from '../src/version.js';
import { asCommonJs, programsOf, type Program } from './support/readme.js';
import { RESOURCE, TestServer, freePort, type Client } from './support/server.js';
import { until } from './support/waiting.js';

const run = promisify(execFile);
const HERE = process.cwd();
const TSC = join(HERE, 'node_modules/.bin/tsc');
const NPM = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];

interface Packed {
  readonly filename: string;
  readonly integrity: string;
  readonly files: { readonly path: string }[];
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

let folder: string;
let packed: Packed;
let manifest: Manifest;

/** Builds the package in a copy of its sources, and packs it. */
async function pack(name: string): Promise<Packed> {
  const copy = join(folder, name);
  for (const part of ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md', 'LICENSE']) {
    await cp(join(HERE, part), join(copy, part), { recursive: true });
  }
  await symlink(join(HERE, 'node_modules'), join(copy, 'node_modules'));
  await run('npm', ['run', 'build', '--silent'], { cwd: copy });
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: copy,
  });
  // A list, or from npm 11 on an object.
  const [one] = Object.values(JSON.parse(stdout) as Packed[] | Record<string, Packed>);
  return one;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agentidp-package-'));
  manifest = JSON.parse(await readFile('package.json', 'utf8')) as Manifest;
  packed = await pack('one');
});
after(() => rm(folder, { recursive: true }));

test('the package is the same whoever builds it', async () => {
  assert.equal((await pack('another')).integrity, packed.integrity);
});

test('the package has what is used, and nothing else', () => {
  const paths = packed.files.map(({ path }) => path);
  const beside = paths.filter((path) => !/^dist\/.*\.(js|mjs|d\.ts|d\.mts)$/.test(path));
  assert.deepEqual(beside.sort(), ['LICENSE', 'README.md', 'package.json']);
  assert.deepEqual(Object.keys(manifest.dependencies), ['jose']);
});

test('the package says the version and the licence of its sources', async () => {
  assert.equal(manifest.version, VERSION);
  assert.equal(await readFile('LICENSE', 'utf8'), await readFile('../../LICENSE', 'utf8'));
});

// ---- in an empty project, what the README says ----

describe('an empty project', () => {
  const programs = programsOf(readFileSync('README.md', 'utf8'));
  const kinds = [
    { name: 'ES module', source: 'mts', compiled: 'mjs', write: (code: string) => code },
    { name: 'CommonJS', source: 'cts', compiled: 'cjs', write: asCommonJs },
  ] as const;
  const nameOf = ({ line }: Program) => `readme-${line}`;
  let project: string;
  // One for each kind, so that what a program registers is registered once.
  const servers = new Map<string, TestServer>();

  before(async () => {
    project = await mkdtemp(join(folder, 'project-'));
    for (const { name } of kinds) {
      servers.set(name, await TestServer.start());
    }
    await writeFile(join(project, 'package.json'), '{ "private": true }');
    const pinned = ['express', 'fastify', '@types/express', '@types/node'].map(
      (name) => `${name}@${manifest.devDependencies[name]}`,
    );
    await run('npm', ['install', '--prefer-offline', ...NPM, join(folder, packed.filename), ...pinned], {
      cwd: project,
    });
  });
  after(() => Promise.all([...servers.values()].map((server) => server.stop())));

  test('has the types of the package, and the README uses them rightly', async () => {
    for (const { source, write } of kinds) {
      for (const program of programs) {
        await writeFile(join(project, `${nameOf(program)}.${source}`), write(program.code));
      }
    }
    const options = { module: 'nodenext', target: 'es2022', strict: true, skipLibCheck: false, types: ['node'] };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
    await run(TSC, [], { cwd: project }).catch((error: unknown) => {
      assert.fail((error as { stdout: string }).stdout);
    });
  });

  test('has one of everything, whether it is imported or required', async () => {
    const code = `
      import { createRequire } from 'node:module';
      import * as imported from '@sentryagent/agentidp';
      const required = createRequire(import.meta.url)('@sentryagent/agentidp');
      const names = Object.keys(required);
      console.log(names.length > 40 && names.every((name) => imported[name] === required[name]));`;
    const { stdout } = await run('node', ['--input-type=module', '--eval', code], { cwd: project });
    assert.equal(stdout, 'true\n');
  });

  /** Starts a program of the README as whoever it is for, in the one kind of module or the other. */
  async function start(
    program: Program,
    kind: (typeof kinds)[number],
    more: NodeJS.ProcessEnv = {},
  ): Promise<ChildProcess> {
    const server = servers.get(kind.name);
    assert.ok(server);
    const client: Client = program.asOperator ? server.operator : await server.register();
    return spawn('node', [`${nameOf(program)}.${kind.compiled}`], {
      cwd: project,
      env: {
        PATH: process.env.PATH,
        AGENTIDP_ISSUER: server.issuer,
        AGENTIDP_CLIENT_ID: client.clientId,
        AGENTIDP_CLIENT_SECRET: client.clientSecret,
        AGENTIDP_AUDIENCE: RESOURCE,
        ...more,
      },
    });
  }

  /** What a program printed, once it has ended well. */
  async function printed(child: ChildProcess): Promise<string> {
    let output = '';
    child.stdout?.on('data', (chunk) => (output += String(chunk)));
    child.stderr?.on('data', (chunk) => (output += String(chunk)));
    const status = await new Promise((ended) => child.once('close', ended));
    assert.equal(status, 0, output);
    return output;
  }

  const [client, ...others] = programs.filter(({ serves }) => !serves);
  const apis = programs.filter(({ serves }) => serves);

  test('is told of a client, and of two ways to guard an API', () => {
    assert.match(client.code, /RESUMES_URL/);
    assert.equal(apis.length, 2);
    assert.ok(others.length >= 6);
  });

  for (const kind of kinds) {
    for (const api of apis) {
      test(`runs the API of line ${api.line} as ${kind.name}, and the agent of line ${client.line} calls it`, async (context) => {
        const port = await freePort();
        const child = await start(api, kind, { PORT: String(port) });
        context.after(async () => {
          child.kill();
          await new Promise((ended) => child.once('close', ended));
        });
        const url = `http://localhost:${port}/resumes`;
        await until(async () => (await fetch(url).catch(() => undefined))?.status === 401);
        const output = await printed(await start(client, kind, { RESUMES_URL: url }));
        for (const pattern of client.says) {
          assert.match(output, pattern);
        }
      });
    }

    for (const program of others) {
      test(`runs the program of line ${program.line} as ${kind.name}`, async () => {
        const output = await printed(await start(program, kind));
        assert.ok(program.says.length > 0, 'nothing says what it prints');
        for (const pattern of program.says) {
          assert.match(output, pattern);
        }
      });
    }
  }
});
