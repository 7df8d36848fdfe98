/** A classifier, the program that serves it, and a browser: once for all tests of the page. */

import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { browser, folder, open, run, start } from '../harness.mjs';

/** A file of the run's folder. */
export const at = (name) => path.join(folder, name);

/** A picture for each kind of answer. */
export const pictures = {
  sure: at('new/queen-001.png'),
  ambiguous: '',
  known: at('butterflies/queen/020.png'),
  unknown: at('new/noise.ppm'),
  unread: at('new/notes.jpg'),
};

/** What all tests share; there from the first test on. */
export const shared = { chrome: null, server: null };

/** Starts another program with the same classifier. */
export const serve = (...more) => start(['serve', 'butterflies.lookalike', '--listen', '127.0.0.1:0', ...more]);

/**
 * Two classes of butterflies, and a third that is the other half of the first: its pictures are
 * ambiguous, whatever the network makes of them.
 */
before(async () => {
  await run(['practice', 'drawn', '--per-class', '50', '-q']);
  for (const name of ['monarch', 'other_monarch', 'queen']) mkdirSync(at(`butterflies/${name}`), { recursive: true });
  mkdirSync(at('new'));
  for (const name of ['monarch', 'queen']) {
    readdirSync(at(`drawn/${name}`)).sort().forEach((file, place) => {
      const into = name === 'monarch' && place % 2 ? 'other_monarch' : name;
      const number = file.replace(/\..*/, '');
      const as = place < 10 ? `new/${name}-${number}.png` : `butterflies/${into}/${number}.png`;
      cpSync(at(`drawn/${name}/${file}`), at(as));
    });
  }
  const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, place) => (place * place * 31 + place * 7) % 251));
  writeFileSync(pictures.unknown, Buffer.concat([Buffer.from('P6 64 64 255\n'), noise]));
  writeFileSync(pictures.unread, 'Notes on butterflies, and no picture.\n');
  await run(['train', 'butterflies', '-q']);
  const { predictions } = JSON.parse(await run(['predict', 'butterflies.lookalike', ...Array.from({ length: 10 }, (_, place) => at(`new/monarch-${String(place + 1).padStart(3, '0')}.png`)), '--json', '-q']));
  pictures.ambiguous = predictions.find(({ verdict }) => verdict === 'ambiguous').picture;
  shared.chrome = await browser();
  shared.server = await serve();
}, { timeout: 300_000 });

after(async () => {
  await shared.chrome?.close();
  await shared.server?.stop();
});

/** Opens the page and waits until it knows its classifier. */
export async function visit(options = {}) {
  const visited = await open(shared.chrome, options.address ?? shared.server.address, options);
  if (options.ready !== false) await visited.page.waitForSelector('#judged p');
  return visited;
}

/** Chooses pictures, and waits for all answers unless told not to. */
export async function choose(page, files, { wait = true } = {}) {
  await page.setInputFiles('#files', files);
  if (wait) await settled(page);
}

/** Waits until every picture has its answer. */
export async function settled(page) {
  await page.waitForSelector('.card');
  await page.waitForFunction(() => document.querySelector('#work').hidden, null, { timeout: 120_000 });
}

/** The headings of the cards, in their order. */
export const headings = (page) => page.locator('.card h3 > span:last-child').allTextContents();

/** The names of the cards, in their order. */
export const names = (page) => page.locator('.card .path').allTextContents();

/** Answers of the server itself until `times` have passed through `change`. */
export async function intercept(page, times, change) {
  let seen = 0;
  await page.route('**/v1/predict?*', (route) => (seen++ < times ? change(route) : route.continue()));
  return () => seen;
}

/** A problem as the server words it. */
export const problem = (status, detail, headers = {}) => ({
  status, headers: { 'Content-Type': 'application/problem+json', ...headers }, body: JSON.stringify({ status, title: detail, detail }),
});
