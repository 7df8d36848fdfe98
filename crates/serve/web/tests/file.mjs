/** The page in one file (`lookalike export -o birds.html`), opened from the disk in a real browser. */

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { browser, clean, folder, open, run } from './harness.mjs';

const at = (name) => path.join(folder, name);
const drawn = (name) => at(`drawn/${name}`);
let chrome;

before(async () => {
  await run(['practice', 'drawn', '--per-class', '30', '-q']);
  await run(['train', 'drawn', '-q']);
  await run(['export', 'drawn.lookalike', '-o', 'drawn.html']);
  await run(['export', 'drawn.lookalike', '-o', 'known.html', '--show-known']);
  mkdirSync(at('new'));
  const [first] = readdirSync(drawn('monarch')).sort();
  cpSync(drawn(`monarch/${first}`), at('new/butterfly.png'));
  writeFileSync(at('new/notes.jpg'), 'Notes on butterflies, and no picture.\n');
  const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, place) => (place * place * 31 + place * 7) % 251));
  writeFileSync(at('new/noise.ppm'), Buffer.concat([Buffer.from('P6 64 64 255\n'), noise]));
  chrome = await browser();
}, { timeout: 600_000 });

after(() => chrome?.close());

/** Opens a page from the disk and waits until it is ready. */
async function visit(name = 'drawn.html', options = {}) {
  const visited = await open(chrome, pathToFileURL(at(name)).href, options);
  await visited.page.waitForSelector('#judged p', { timeout: 60_000 });
  return visited;
}

/** Waits until every picture has its answer. */
const settled = (page, count) => page.waitForFunction((count) => {
  const cells = [...document.querySelectorAll('#cells > li')];
  return cells.length === count && document.getElementById('work').hidden;
}, count, { timeout: 120_000 });

/** Gives the page a file as a drop or a paste does. */
const hand = (page, kind, file) => page.evaluate(({ kind, name, text }) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name));
  const event = kind === 'drop' ? new DragEvent('drop', { dataTransfer: data, bubbles: true }) : new ClipboardEvent('paste', { clipboardData: data, bubbles: true });
  document.body.dispatchEvent(event);
}, { kind, name: path.basename(file), text: readFileSync(file).toString('base64') });

test('pictures that are chosen, dropped and pasted are answered as by the program, and nothing is asked for', { timeout: 300_000 }, async () => {
  const visited = await visit();
  const { page, requests } = visited;
  await clean(visited, 'file-ready');
  await page.setInputFiles('#files', [at('new/butterfly.png'), at('new/noise.ppm'), at('new/notes.jpg')]);
  await settled(page, 3);
  await hand(page, 'drop', at('new/butterfly.png'));
  await settled(page, 4);
  await hand(page, 'paste', at('new/butterfly.png'));
  await settled(page, 5);
  await clean(visited, 'file-answers');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-json')]);
  const said = JSON.parse(readFileSync(await download.path(), 'utf8'));
  const native = JSON.parse(await run(['predict', 'drawn.lookalike', 'new/butterfly.png', 'new/noise.ppm', '--json', '-q', '--top', '1000']));
  for (const one of native.predictions) {
    const other = said.predictions.find(({ picture }) => picture === path.basename(one.picture));
    assert.equal(other.verdict, one.verdict);
    assert.deepEqual(other.answer.map((named) => named.class), one.answer.map((named) => named.class));
    for (const { class: name, probability } of one.top) {
      const same = other.top.find((named) => named.class === name);
      assert(Math.abs(same.probability - probability) <= 1e-4, name);
    }
    assert.deepEqual(other.nearest, [], 'no name of a training picture');
  }
  assert(said.predictions.find(({ picture }) => picture === 'notes.jpg').error);
  assert.equal(await page.locator('.near img').count(), 0, 'no training picture');
  // The page itself, and nothing else.
  assert.deepEqual(requests, [page.url()]);
  await visited.close();
});

test('it is used by keyboard alone, and draws a heat map', { timeout: 300_000 }, async () => {
  const visited = await visit();
  const { page, requests } = visited;
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'choose-files');
  await page.setInputFiles('#files', [at('new/butterfly.png')]);
  await settled(page, 1);
  const said = await page.evaluate(() => document.querySelector('#cells > li').textContent);
  assert.match(said, /%/);
  const heat = page.getByRole('button', { name: /heat map/i }).first();
  await heat.focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('#cells img[src^="data:image/jpeg"]', { timeout: 60_000 });
  assert.deepEqual(requests, [page.url()]);
  assert.deepEqual(visited.faults, []);
  await visited.close();
});

test('the camera works from the disk', { timeout: 300_000 }, async () => {
  const visited = await visit();
  const { page, requests } = visited;
  await page.click('#choose-camera');
  await page.waitForFunction(() => document.getElementById('camera-answer').textContent.trim() !== '', null, { timeout: 60_000 });
  await page.click('#camera-keep');
  await settled(page, 1);
  assert.deepEqual(requests, [page.url()]);
  assert.deepEqual(visited.faults, []);
  await visited.close();
});

test('training pictures are shown where that was asked for, and are in no other page', { timeout: 300_000 }, async () => {
  const visited = await visit('known.html');
  const { page, requests } = visited;
  assert(await page.locator('#examples img').count() > 0);
  await page.setInputFiles('#files', [at('new/butterfly.png')]);
  await settled(page, 1);
  assert(await page.locator('#cells img[src^="data:image/jpeg"]').count() > 0, 'the nearest ones');
  assert.deepEqual(requests, [page.url()]);
  await visited.close();
});
