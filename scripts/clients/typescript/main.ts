// The TypeScript client that openapi-generator makes from openapi.yaml, used as its users would: on the server at ISSUER, by the
// operator whose CLIENT_ID and CLIENT_SECRET are given. It prints what it saw, and fails at the first thing that is not as it
// should be.
//
// Run by scripts/clients/full/test_generated_clients.py, which knows what is to be seen.
import {
  AgentsApi,
  AgentStatus,
  AuditApi,
  AuditOutcome,
  Configuration,
  CredentialsApi,
  DeploymentEnv,
  DocumentationApi,
  ErrorBodyFromJSON,
  OAuthErrorBodyFromJSON,
  ResponseError,
  TokensApi,
} from '../../../target/generated-clients/typescript/index.js';
import type {
  AgentPage,
  AgentRegistration,
  TokenResponse,
} from '../../../target/generated-clients/typescript/index.js';

const ADMIN = 'agents:read agents:write credentials:write audit:read';
const HOUR = 60 * 60 * 1000;
const { ISSUER: basePath, CLIENT_ID = '', CLIENT_SECRET = '' } = process.env;

function check(held: boolean, otherwise: string): asserts held {
  if (!held) throw new Error(otherwise);
}

/** The status and the body of the error that a call ended with. */
async function refusal(call: Promise<unknown>): Promise<[number, unknown]> {
  const refused = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  check(refused instanceof ResponseError, `not refused: ${String(refused)}`);
  return [refused.response.status, await refused.response.json()];
}

/** A client that proves itself by its secret, as it does at the token endpoints. */
function proving(username: string, password: string): TokensApi {
  return new TokensApi(new Configuration({ basePath, username, password }));
}

function token(client: TokensApi, scope?: string): Promise<TokenResponse> {
  return client.issueToken({ grantType: 'client_credentials', scope });
}

function emails(page: AgentPage): string {
  return page.items.map((agent) => agent.email).join(' ');
}

async function main(): Promise<void> {
  const operator = proving(CLIENT_ID, CLIENT_SECRET);
  const issued = await token(operator, ADMIN);
  console.log(`token: ${issued.tokenType} for ${issued.expiresIn} s, ${issued.scope}`);
  // Of OAuth the client takes the whole header.
  const bearer = new Configuration({ basePath, accessToken: `Bearer ${issued.accessToken}` });
  const agents = new AgentsApi(bearer);
  const audit = new AuditApi(bearer);

  const hour = new Date(Date.now() + HOUR);
  let made: AgentRegistration | undefined;
  for (let number = 1; number <= 5; number++) {
    made = await agents.registerAgent({
      newAgent: {
        email: `screener-${number}@example.com`,
        agentType: 'screener',
        version: 'v1.0.0',
        capabilities: ['resume:read', 'resume:score'],
        deploymentEnv: DeploymentEnv.Staging,
        metadata: { region: 'eu-west-1', team: 'Zürich' },
        validUntil: hour,
      },
    });
  }
  check(made !== undefined, 'nobody was registered');
  const { agent, credential } = made;
  check(agent.validUntil?.getTime() === hour.getTime(), `valid until ${agent.validUntil}, not ${hour}`);
  const capabilities = agent.capabilities.join(' ');
  console.log(
    `registered: ${agent.email}, ${agent.status} in ${agent.deploymentEnv}, ${capabilities}, ${agent.metadata?.team}`,
  );

  const pages: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await agents.listAgents({ q: 'screener-', status: AgentStatus.Active, limit: 2, cursor });
    pages.push(emails(page));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  console.log(`listed: ${pages.join(' | ')}`);

  const agentPatch = { version: 'v1.1.0', metadata: { region: null }, validUntil: null };
  const changed = await agents.updateAgent({ agentId: agent.id, agentPatch });
  check(changed.validUntil === undefined, `it is still valid until ${changed.validUntil}`);
  const metadata = changed.metadata ?? {};
  console.log(`changed: ${changed.version}, ${Object.keys(metadata).length} of metadata, ${metadata.team}`);

  let myself = proving(credential.clientId, credential.clientSecret);
  let resume = await token(myself);
  console.log(`the agent's token: ${resume.scope}`);

  const seen = await myself.introspectToken({ token: resume.accessToken });
  check(seen.sub === agent.id, `it is the token of ${seen.sub}`);
  console.log(`introspected: ${seen.active}, ${seen.scope}, ${seen.agentType} in ${seen.deploymentEnv}`);

  const next = await new CredentialsApi(bearer).rotateCredential({
    agentId: agent.id,
    credentialId: credential.id,
    rotation: { gracePeriodSeconds: 3600 },
  });
  check(next.rotatedFrom === credential.id, `it is the successor of ${next.rotatedFrom}`);
  await token(myself);
  myself = proving(next.clientId, next.clientSecret);
  resume = await token(myself);
  console.log('rotated: both secrets get a token');

  const suspended = await agents.changeAgentStatus({
    agentId: agent.id,
    statusChange: { status: AgentStatus.Suspended, reason: 'its owner is on leave' },
  });
  const [unauthorized, refused] = await refusal(token(myself));
  console.log(`${suspended.status}: ${unauthorized} ${OAuthErrorBodyFromJSON(refused).error}`);
  console.log(`its token: ${(await operator.introspectToken({ token: resume.accessToken })).active}`);

  const events = await audit.listAuditEvents({
    agentId: agent.id,
    outcome: AuditOutcome.Success,
    from: new Date(Date.now() - HOUR),
    to: hour,
    limit: 100,
  });
  const actions = events.items.map((event) => event.action).sort();
  console.log(`audit: ${actions.join(' ')}`);

  const checkpoint = await audit.getAuditCheckpoint();
  const size = Number(checkpoint.split('\n')[1]);
  check(checkpoint.includes('\n— '), `no checkpoint: ${checkpoint}`);
  const tile = await audit.getAuditTile({ level: 0, path: `000.p/${size}` });
  check(tile.size === 32 * size, `a tile of ${size} hashes has ${tile.size} bytes`);
  const exported = await audit.exportAuditEvents();
  check(exported.includes('\n{"leafIndex":'), `no export: ${exported}`);
  const document = await new DocumentationApi(bearer).getOpenapiYaml();
  console.log(`texts and bytes: ${document.split('\n')[0]}`);

  const [status, missing] = await refusal(agents.getAgent({ agentId: '00000000-0000-7000-8000-000000000000' }));
  console.log(`nobody: ${status} ${ErrorBodyFromJSON(missing).code}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof ResponseError ? `refused: ${error.response.status} ${error.response.url}` : error);
  process.exitCode = 1;
});
