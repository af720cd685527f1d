// One person's morning in Swagger UI: is refused, authorises, and calls every operation. Reads where the server is and who the
// client is as JSON from the standard input, and writes what was seen as JSON; test_swagger_ui.py judges it.

const { Documentation, job, watch, withBrowser } = require('./page.js');

const SCOPES = ['agents:read', 'agents:write', 'credentials:write', 'tokens:introspect', 'tokens:revoke', 'audit:read', 'idp:admin'];

const theAgent = ({ agentId }) => ({ fields: { agentId } });
const theCredential = ({ agentId, credentialId }) => ({ fields: { agentId, credentialId } });
const theEvent = ({ eventId }) => ({ fields: { eventId } });
const theToken = ({ token }) => ({ fields: { token } });

// The operations that take an authorization, in an order in which each can succeed: what is filled in, from what was read before,
// and what is read from the answer. Fields and bodies that are not named stay as Swagger UI has them.
const AUTHORIZED = [
  { id: 'registerAgent', reads: (answer) => ({ agentId: answer.agent.id, credentialId: answer.credential.id }) },
  { id: 'listAgents', reads: (answer) => ({ agents: answer.items.length }) },
  { id: 'getAgent', fills: theAgent },
  { id: 'updateAgent', fills: theAgent },
  { id: 'issueCredential', fills: theAgent },
  { id: 'listCredentials', fills: theAgent },
  { id: 'getCredential', fills: theCredential },
  { id: 'rotateCredential', fills: theCredential },
  { id: 'revokeCredential', fills: theCredential },
  { id: 'issueToken', fills: () => ({ fields: { scope: 'agents:read' } }), reads: (answer) => ({ token: answer.access_token }) },
  { id: 'introspectToken', fills: theToken, reads: (answer) => ({ active: answer.active }) },
  { id: 'revokeToken', fills: theToken },
  { id: 'changeAgentStatus', fills: theAgent },
  { id: 'decommissionAgent', fills: theAgent },
  { id: 'listAuditEvents', reads: (answer) => ({ eventId: answer.items.at(-1).id }) },
  { id: 'getAuditEvent', fills: theEvent },
  { id: 'getAuditInclusionProof', fills: theEvent },
  { id: 'getAuditCheckpoint', reads: (_, text) => ({ size: text.split('\n')[1] }) },
  { id: 'getAuditConsistencyProof', fills: () => ({ fields: { from: '1' } }) },
  { id: 'getAuditTile', fills: ({ size }) => ({ fields: { level: '0', path: `000.p/${size}` } }) },
  { id: 'getAuditEntries', fills: ({ size }) => ({ fields: { path: `000.p/${size}` } }) },
  { id: 'exportAuditEvents' },
];

// Those that take none, in a page of their own at the same time.
const PUBLIC = [
  { id: 'getServerMetadata' },
  { id: 'getOpenidConfiguration' },
  { id: 'getJwks' },
  { id: 'getHealth' },
  { id: 'getLiveness' },
  { id: 'getReadiness' },
  { id: 'getOpenapiYaml' },
  { id: 'getOpenapiJson' },
  { id: 'getApiDocs' },
  { id: 'getApiDocsStylesheet' },
  { id: 'getApiDocsScript' },
  { id: 'getApiDocsInitializer' },
];

const read = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What somebody is told whose secret is wrong, and whether the browser wanted to ask for another one by itself. */
async function refused(browser, { origin, client }) {
  const page = await browser.newPage();
  const browsers = await page.context().newCDPSession(page);
  let asked = false;
  browsers.on('Fetch.requestPaused', ({ requestId }) => browsers.send('Fetch.continueRequest', { requestId }));
  browsers.on('Fetch.authRequired', ({ requestId }) => {
    asked = true;
    browsers.send('Fetch.continueWithAuth', { requestId, authChallengeResponse: { response: 'CancelAuth' } });
  });
  await browsers.send('Fetch.enable', { handleAuthRequests: true });
  const documentation = await Documentation.open(page, origin);
  const dialogue = await documentation.askForToken({ ...client, secret: 'wrong' }, []);
  const said = await dialogue.locator('.errors').innerText();
  await page.close();
  return { said, asked };
}

/** What these operations answer, in one page. */
async function called(browser, { origin, client }, operations) {
  const page = await browser.newPage();
  const complaints = [];
  const addresses = [];
  await watch(page, origin, complaints);
  page.on('request', (request) => addresses.push(request.url()));
  page.on('framenavigated', (frame) => addresses.push(frame.url()));
  const documentation = await Documentation.open(page, origin);
  if (operations === AUTHORIZED) {
    await documentation.authorize(client, SCOPES);
    await documentation.authorizeAsClient(client);
  }
  const seen = {};
  const calls = [];
  for (const { id, fills, reads } of operations) {
    const before = complaints.length;
    try {
      const { status, text } = await documentation.call(id, fills?.(seen));
      if (reads) Object.assign(seen, reads(read(text), text));
      calls.push({ id, status });
      await documentation.fold(id);
    } catch (error) {
      complaints.push(`not done: ${error}`);
      calls.push({ id, status: 'none' });
    }
    calls.at(-1).complaints = complaints.slice(before);
    addresses.push(page.url());
  }
  const shown = await page.locator('.opblock').evaluateAll((blocks) => blocks.map((block) => block.id.split('-').at(-1)));
  const kept = await page.evaluate(() => localStorage.length + sessionStorage.length);
  const { token, ...found } = seen;
  const secrets = [client.secret, token].filter(Boolean);
  const leaks = addresses.filter((address) => secrets.some((secret) => decodeURIComponent(address).includes(secret)));
  await page.close();
  return { calls, complaints, shown, kept, leaks, found };
}

(async () => {
  const given = await job();
  const seen = await withBrowser(async (browser) => {
    const pages = [AUTHORIZED, PUBLIC].map((operations) => called(browser, given, operations));
    return { refused: await refused(browser, given), pages: await Promise.all(pages) };
  });
  console.log(JSON.stringify(seen));
})();
