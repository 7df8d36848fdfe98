/** The program that teaches by a page, on a folder of its own each time, and a browser. */

import path from 'node:path';
import { after, before } from 'node:test';
import { browser, folder, open, run, start } from '../harness.mjs';

/** A file of the run's folder. */
export const at = (name) => path.join(folder, name);

/** What all tests share; there from the first test on. */
export const shared = { chrome: null };

/** The key with which a program comes back at the same address. */
const KEY = 'a-key-of-thirty-two-characters-xx';

before(async () => {
  await run(['practice', 'drawn', '--per-class', '30', '-q']);
  shared.chrome = await browser();
}, { timeout: 120_000 });

after(() => shared.chrome?.close());

/** Starts the program on a folder, always with the same key. */
export function app(name, { port = 0, more = [] } = {}) {
  return start(['app', name, '--port', String(port), '--no-open', ...more], { env: { LOOKALIKE_TOKEN: KEY } });
}

/** Opens the page and waits until it knows its folder. */
export async function visit(server, options = {}) {
  const visited = await open(shared.chrome, `${server.address.replace(/#.*/, '')}#k=${KEY}`, options);
  await visited.page.waitForFunction(() => document.body.dataset.phase);
  return visited;
}

/** Waits until the page is in a state. */
export const phase = (page, name) => page.waitForFunction((name) => document.body.dataset.phase === name, name, { timeout: 240_000 });

/** Waits until every picture is in its class. */
export const settled = (page) => page.waitForSelector('#work', { state: 'hidden', timeout: 120_000 });

/** The words on a class. */
export const count = (page, name) => page.textContent(`[data-class="${name}"] .title .reason`);

/** Waits until a class has so many pictures. */
export const counts = (page, name, n) => page.waitForFunction(({ name, n }) => document.querySelector(`[data-class="${name}"] .title .reason`).textContent.startsWith(`${n} `), { name, n }, { timeout: 60_000 });
