/** Other pages in the same browser: of another port of this machine, of another site, and of a name that was led here. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { browser, start } from '../harness.mjs';

const KEY = 'a-key-of-thirty-two-characters-xx';

/** What such a page tries: to read, to send, to be sent, to show. */
const tries = async (at) => {
  const sent = { method: 'POST', credentials: 'include', mode: 'no-cors' };
  const asked = [
    fetch(`${at}/v1/classifier`, { credentials: 'include' }),
    fetch(`${at}/v1/classifier`, { credentials: 'include', mode: 'no-cors' }),
    fetch(`${at}/v1/predict`, { ...sent, body: new Blob(['x']) }),
    fetch(`${at}/v1/predict`, { ...sent, method: 'PUT', mode: 'cors', body: 'x' }),
    fetch(`${at}/session`, { ...sent, body: '{"key":"x"}' }),
    fetch(`${at}/report`, { credentials: 'include', mode: 'no-cors' }),
  ];
  const said = await Promise.all(asked.map((one) => one.then((response) => `${response.type} ${response.status}`, () => 'refused')));
  const shown = await new Promise((resolve) => {
    const image = new Image();
    image.addEventListener('load', () => resolve('shown'));
    image.addEventListener('error', () => resolve('not shown'));
    image.src = `${at}/v1/known/0.jpg`;
  });
  const frame = document.createElement('iframe');
  frame.src = `${at}/`;
  await new Promise((resolve) => { frame.addEventListener('load', resolve); document.body.append(frame); });
  return { said, shown, within: Boolean(frame.contentDocument?.querySelector('#name')) };
};

test('no other page reads, sends or shows anything, whatever name it has', { timeout: 120_000 }, async (t) => {
  const server = await start(['serve', 'butterflies.lookalike', '--listen', '127.0.0.1:0'], { env: { LOOKALIKE_TOKEN: KEY } });
  const other = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>other</title><body>')).listen(0, '127.0.0.1');
  await new Promise((resolve) => { other.on('listening', resolve); });
  t.after(() => other.close());
  const chrome = await browser('MAP evil.test 127.0.0.1');
  t.after(() => chrome.close());
  const context = await chrome.newContext();
  const own = await context.newPage();
  await own.goto(server.address);
  await own.waitForSelector('#judged p');
  const home = `http://127.0.0.1:${server.port}`;
  const page = await context.newPage();
  const began = server.log().length;
  for (const address of [`http://127.0.0.1:${other.address().port}/`, `http://evil.test:${other.address().port}/`]) {
    await page.goto(address);
    const { said, shown, within } = await page.evaluate(tries, home);
    assert(said.every((one) => one === 'refused' || one === 'opaque 0'), `${address}: ${said}`);
    assert.deepEqual({ shown, within }, { shown: 'not shown', within: false }, address);
  }
  // A name of theirs that leads to this machine: to the browser all of it is one site.
  const rebound = `http://evil.test:${server.port}`;
  assert.equal((await page.goto(`${rebound}/`)).status(), 403);
  const { said } = await page.evaluate(tries, rebound);
  assert(said.every((one) => /403$|refused/.test(one)), `${said}`);
  const lines = server.log().slice(began).split('\n').filter((line) => /\/v1\/|\/session|\/report/.test(line));
  assert(lines.length >= 10, lines.join('\n'));
  for (const line of lines) assert.match(line, / 403 /);
  // The page itself is as it was.
  await own.reload();
  await own.waitForSelector('#judged p');
  await server.stop();
});
