/** Folders of pictures with mistakes in them, the program that reviews them, and a browser. */

import { cpSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { browser, folder, open, run, start } from '../harness.mjs';

/** A file of the run's folder. */
export const at = (name) => path.join(folder, name);

/** What all tests share; there from the first test on. */
export const shared = { chrome: null };

/** A class whose name is written from right to left. */
export const RTL = 'דנאית';
/** A name that would harm a page that took it for more than text. */
export const HOSTILE = '<img src=x onerror=harmed=1>.png';
/** The key with which a program comes back at the same address. */
const KEY = 'a-key-of-thirty-two-characters-xx';

/** One colour with a little noise, as a picture. */
function blot([red, green, blue], seed) {
  const side = 64;
  let state = seed + 1;
  const noise = () => { state = (state * 1103515245 + 12345) % 2147483648; return (state >> 16) % 60; };
  const pixels = Buffer.from(Array.from({ length: side * side }, () => [red + noise(), green + noise(), blue + noise()]).flat());
  return Buffer.concat([Buffer.from(`P6 ${side} ${side} 255\n`), pixels]);
}

/** Two classes of blots, `wrong` pictures of each filed under the other. */
export function blots(name, each, wrong = 0) {
  for (const [own, other, colour] of [['red', 'blue', [180, 20, 20]], ['blue', 'red', [20, 20, 180]]]) {
    mkdirSync(at(`${name}/${own}`), { recursive: true });
    mkdirSync(at(`${name}/${other}`), { recursive: true });
    for (let number = 0; number < each; number += 1) {
      writeFileSync(at(`${name}/${number < wrong ? other : own}/${own}-${number}.ppm`), blot(colour, number * 2 + (own === 'red')));
    }
  }
}

/** Two kinds of butterflies: some filed under the wrong one, one twice, one in both, one with a harmful name. */
function butterflies() {
  const files = (name) => readdirSync(at(`drawn/${name}`)).sort();
  for (const [name, as] of [['monarch', 'monarch'], ['viceroy', RTL]]) {
    mkdirSync(at(`butterflies/${as}`), { recursive: true });
    for (const file of files(name)) cpSync(at(`drawn/${name}/${file}`), at(`butterflies/${as}/${file}`));
  }
  const [one, two, three, four, five] = files('monarch');
  for (const file of [one, two]) renameSync(at(`butterflies/monarch/${file}`), at(`butterflies/${RTL}/moved-${file}`));
  cpSync(at(`drawn/monarch/${three}`), at(`butterflies/${RTL}/both-${three}`));
  cpSync(at(`drawn/monarch/${four}`), at(`butterflies/monarch/copy-of-${four}`));
  renameSync(at(`butterflies/monarch/${five}`), at(`butterflies/monarch/${HOSTILE}`));
}

before(async () => {
  await run(['practice', 'drawn', '--per-class', '40', '-q']);
  butterflies();
  shared.chrome = await browser();
}, { timeout: 120_000 });

after(() => shared.chrome?.close());

/** Starts the program on a folder, always with the same key. */
export function review(name, { port = 0, command = 'review' } = {}) {
  return start([command, name, '--port', String(port), '--no-open'], { env: { LOOKALIKE_TOKEN: KEY } });
}

/** Opens the page and waits until there is something to decide. */
export async function visit(server, { ready = true, ...options } = {}) {
  const address = server.address.replace(/#.*/, '');
  const visited = await open(shared.chrome, `${address}#k=${KEY}`, options);
  if (ready) await visited.page.waitForSelector('#view h2, #tiles .tile', { timeout: 240_000 });
  return visited;
}

/** Waits until no job runs. */
export const idle = (page) => page.waitForSelector('#job', { state: 'hidden', timeout: 240_000 });

/** Waits until every decision is on disk. */
export const saved = (page) => page.waitForFunction(() => document.querySelector('#plan-saved').textContent.startsWith('saved in'));

/** Goes to a kind of finding, as a reader with a mouse does. */
export async function show(page, kind) {
  await page.locator(`label:has([name=kind][value=${kind}])`).click();
  await page.waitForFunction((kind) => document.querySelector(`[name=kind][value=${kind}]`)?.checked, kind);
}

/** How many of a kind are left. */
export const left = (page, kind) => page.textContent(`#kind-${kind}`).then((text) => (text === '✓' ? 0 : Number(text.replace(',', ''))));
