// Takes the pictures. Reads where the server, the pages and the place for the pictures are as JSON from the standard input, and
// writes the names of the files as JSON.

const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Documentation, job, withBrowser } = require('./page.js');

const WIDTH = 1280;

/** The page from the top of one thing to the bottom of another. */
async function between(page, top, bottom) {
  const [from, to] = [await top.boundingBox(), await bottom.boundingBox()];
  return { fullPage: true, clip: { x: 0, y: from.y, width: WIDTH, height: to.y + to.height - from.y + 6 } };
}

/** Swagger UI after somebody has authorised and asked for an agent. */
async function swaggerUi(page, { origin, client, agent }) {
  const documentation = await Documentation.open(page, origin);
  await documentation.authorize(client, ['agents:read']);
  await documentation.call('getAgent', { fields: { agentId: agent } });
  const block = documentation.operation('getAgent');
  // A picture is no place for a token.
  await block.locator('.curl-command').evaluate((command) => {
    const texts = document.createTreeWalker(command, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(/eyJ[\w.-]+/, '…');
  });
  await page.evaluate(() => window.scrollTo(0, 0));
  return between(page, page.locator('.scheme-container'), block.locator('.live-responses-table .highlight-code'));
}

/** The head of the report, and the first operations of its table. */
async function contractReport(page, { pages }) {
  await page.goto(pathToFileURL(join(pages, 'report.html')).href);
  return between(page, page.locator('body'), page.locator('#matrix tbody tr').nth(12));
}

async function dashboard(page, { pages }) {
  await page.goto(pathToFileURL(join(pages, 'dashboard.html')).href);
  return { fullPage: true };
}

const PICTURES = { 'swagger-ui.png': swaggerUi, 'contract-report.png': contractReport, 'dashboard.png': dashboard };

(async () => {
  const given = await job();
  const made = await withBrowser(async (browser) => {
    const files = [];
    for (const [name, show] of Object.entries(PICTURES)) {
      const page = await browser.newPage({ viewport: { width: WIDTH, height: 800 } });
      const path = join(given.pictures, name);
      await page.screenshot({ path, ...(await show(page, given)) });
      files.push(path);
      await page.close();
    }
    return files;
  });
  console.log(JSON.stringify(made));
})();
