// Chromium without a window, and Swagger UI in it by what a person sees and presses.

const { chromium } = require('playwright-core');

// A stranger's server is never asked, so what Chromium asks by itself is turned off as far as that goes.
const QUIETLY = ['--disable-gpu', '--disable-quic', '--disable-sync', '--disable-background-networking'];

/** Runs `act` with a browser that it can open pages in. */
async function withBrowser(act) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: QUIETLY });
  try {
    return await act(browser);
  } finally {
    await browser.close();
  }
}

/** The job that whoever started this program wrote to its standard input. */
async function job() {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  return JSON.parse(text);
}

/** Notes in `complaints` what must not happen in a page: what is loaded from elsewhere, what is refused, what goes wrong. */
async function watch(page, origin, complaints) {
  const note = (what) => complaints.push(what);
  page.on('request', (request) => {
    const ours = request.url().startsWith(`${origin}/`) || /^(data|blob):/.test(request.url());
    if (!ours) note(`the page asks ${request.url()}`);
  });
  page.on('console', (message) => message.type() === 'error' && note(`on the console: ${message.text()}`));
  page.on('pageerror', (error) => note(`not caught: ${error}`));
  await page.exposeFunction('violated', (what) => note(`the policy of the page forbids ${what}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.violated(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
}

/** The page of the documentation. */
class Documentation {
  constructor(page) {
    this.page = page;
    // Longer than this nobody wants to wait.
    page.setDefaultTimeout(10_000);
  }

  static async open(page, origin) {
    await page.goto(`${origin}/api-docs`);
    await page.locator('.opblock').first().waitFor();
    return new Documentation(page);
  }

  async openAuthorization() {
    await this.page.locator('.auth-wrapper > .btn.authorize').click();
    return this.page.locator('.modal-ux');
  }

  async closeAuthorization() {
    await this.page.locator('.modal-ux-header .close-modal').click();
  }

  /** Fills in the dialogue for OAuth 2.0 and asks for a token. */
  async askForToken(client, scopes) {
    const dialogue = await this.openAuthorization();
    await dialogue.locator('#client_id_clientCredentials').fill(client.id);
    await dialogue.locator('#client_secret_clientCredentials').fill(client.secret);
    for (const scope of scopes) await dialogue.locator(`.scopes label:has(.name:text-is("${scope}"))`).click();
    await dialogue.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
    return dialogue;
  }

  /** The same until there is a token. */
  async authorize(client, scopes) {
    const dialogue = await this.askForToken(client, scopes);
    await dialogue.getByRole('button', { name: 'Remove authorization' }).waitFor();
    await this.closeAuthorization();
  }

  /** Fills in the dialogue for what takes the client itself. */
  async authorizeAsClient(client) {
    const dialogue = await this.openAuthorization();
    await dialogue.locator('#auth-basic-username').fill(client.id);
    await dialogue.locator('#auth-basic-password').fill(client.secret);
    await dialogue.getByRole('button', { name: 'Apply credentials' }).click();
    await dialogue.getByRole('button', { name: 'Remove authorization' }).first().waitFor();
    await this.closeAuthorization();
  }

  operation(id) {
    return this.page.locator(`.opblock[id$="-${id}"]`);
  }

  /** Opens an operation, fills in the fields and the body that are given, and sends the request; the status and the body shown. */
  async call(id, { fields = {}, body } = {}) {
    const block = this.operation(id);
    await block.locator('.opblock-summary-control').click();
    await block.locator('.try-out__btn').click();
    for (const [name, value] of Object.entries(fields)) {
      const row = block.locator(`tr[data-param-name="${name}"], tr[data-property-name="${name}"]`);
      await row.locator('input:not([type=checkbox]), textarea').fill(value);
    }
    if (body !== undefined) await block.locator('textarea.body-param__text').fill(JSON.stringify(body, null, 2));
    await block.locator('.execute').click();
    const answer = block.locator('.live-responses-table .response');
    await answer.waitFor();
    const status = await answer.locator('.response-col_status').innerText();
    const text = answer.locator('.response-col_description .highlight-code > pre').first();
    return { status: Number.parseInt(status, 10), text: (await text.count()) > 0 ? await text.textContent() : '' };
  }

  async fold(id) {
    await this.operation(id).locator('.opblock-summary-control').click();
  }
}

module.exports = { Documentation, job, watch, withBrowser };
