/** The page in one file (`lookalike export -o birds.html`), opened from the disk in a real browser. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
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
  await run(['export', 'drawn.lookalike', '-o', 'page.html']);
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
async function visit(name = 'page.html', options = {}) {
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

test('it is used by keyboard alone: chosen, told apart, looked at closely, explained, saved', { timeout: 300_000 }, async () => {
  const visited = await visit();
  const { page, requests } = visited;
  // Before anything else, as the browser is told of it on the way.
  const chooser = page.waitForEvent('filechooser');
  await page.evaluate(() => { globalThis.mouse = 0; addEventListener('pointerdown', () => { globalThis.mouse += 1; }); });
  const here = () => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute('value') || document.activeElement.className.split(' ')[0]);
  const walk = async (steps) => {
    const seen = [];
    for (let step = 0; step < steps; step += 1) {
      await page.keyboard.press('Tab');
      seen.push(await here());
    }
    return seen;
  };
  assert.deepEqual(await walk(1), ['choose-files']);
  await page.keyboard.press('Enter');
  await (await chooser).setFiles([at('new/butterfly.png'), at('new/noise.ppm'), at('new/notes.jpg')]);
  await settled(page, 3);
  assert.deepEqual(await walk(8), ['choose-folder', 'choose-camera', 'all', 'search', 'save-csv', 'save-json', 'clear', 'card']);
  assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /butterfly\.png/);
  assert.deepEqual(await walk(1), ['see']);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  await page.locator('#closer-heat').press('Enter');
  await page.waitForSelector('#closer-picture img[src^="data:image/jpeg"]', { timeout: 60_000 });
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.equal(await here(), 'card', 'the keyboard is at the picture last seen');
  // Back to the kinds of answers, of which an arrow chooses the next that there is.
  for (let step = 0; step < 5; step += 1) await page.keyboard.press('Shift+Tab');
  assert.equal(await here(), 'all');
  await page.keyboard.press('ArrowRight');
  assert.notEqual(await here(), 'all');
  await page.waitForFunction(() => document.querySelectorAll('#cells > li').length < 3);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Tab');
  await page.keyboard.type('butter');
  await page.waitForFunction(() => document.querySelectorAll('#cells > li').length === 1);
  await page.keyboard.press('Tab');
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  assert.match(readFileSync(await download.path(), 'utf8'), /\nbutterfly\.png,/);
  await clean(visited, 'file-keyboard');
  assert.equal(await page.evaluate(() => globalThis.mouse), 0);
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

test('a folder for other people’s pages answers over HTTP, and its example is one', { timeout: 300_000 }, async () => {
  await run(['export', 'drawn.lookalike', '--to', 'web', '-o', 'drawn-web']);
  const kinds = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
  const host = createServer((request, response) => {
    const file = at(`drawn-web${new URL(request.url, 'http://a').pathname}`);
    if (!existsSync(file)) return response.writeHead(404).end();
    return response.writeHead(200, { 'Content-Type': kinds[path.extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => { host.on('listening', resolve); });
  const address = `http://127.0.0.1:${host.address().port}`;
  const visited = await open(chrome, `${address}/example.html`);
  const { page } = visited;
  await page.getByText('Choose a picture.').waitFor({ timeout: 60_000 });
  const answered = async (file) => {
    await page.evaluate(() => { document.querySelector('#answer').textContent = ''; });
    await page.setInputFiles('input', at(file));
    await page.waitForFunction(() => document.querySelector('#answer').textContent !== '', null, { timeout: 60_000 });
    return page.textContent('#answer');
  };
  const { predictions: [native] } = JSON.parse(await run(['predict', 'drawn.lookalike', 'new/butterfly.png', '--json', '-q']));
  assert.equal(await answered('new/butterfly.png'), native.answer.map((named) => named.class).join(' or '));
  assert.equal(await answered('new/noise.ppm'), 'I don’t know this');
  assert.match(await answered('new/notes.jpg'), /not a picture/);
  assert.deepEqual(visited.hosts(), [new URL(address).host]);
  const asked = visited.requests.map((url) => new URL(url).pathname).filter((name) => name !== '/favicon.ico');
  assert.deepEqual(asked.sort(), ['/drawn.lookalike', '/example.html', '/lookalike.js', '/lookalike.wasm']);
  await visited.close();
  host.close();
});
