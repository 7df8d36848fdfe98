/** The ways in which pictures come in. */

import assert from 'node:assert/strict';
import { mkdirSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { clean } from '../harness.mjs';
import { at, headings, names, pictures, settled, visit } from './fixture.mjs';

/** Hands the page a picture as an event of the reader would. */
async function give(page, kind, { file, text } = {}) {
  const bytes = file && [...readFileSync(file)];
  await page.evaluate(({ kind, bytes, text }) => {
    const data = new DataTransfer();
    if (bytes) data.items.add(new File([new Uint8Array(bytes)], 'given.png', { type: 'image/png' }));
    if (text) data.setData('text/uri-list', text);
    const event = kind === 'paste' ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
      : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
  }, { kind, bytes, text });
}

test('a picture is dropped anywhere', async () => {
  const visited = await visit();
  const { page } = visited;
  await give(page, 'dragenter', { file: pictures.sure });
  await page.waitForSelector('#veil:not([hidden])');
  await clean(visited, 'dragging');
  await give(page, 'drop', { file: pictures.sure });
  await settled(page);
  assert.match((await headings(page))[0], /^queen/);
  assert(await page.locator('#veil').isHidden());
  await give(page, 'drop', { text: 'https://example.org/queen.jpg' });
  await page.getByText('save the picture first').waitFor();
  assert.deepEqual(visited.hosts().length, 1, 'an address is not fetched');
  await clean(visited, 'dropped-address');
  await visited.close();
});

test('a picture is pasted, and text in the search field is left alone', async () => {
  const visited = await visit();
  const { page } = visited;
  await give(page, 'paste', {});
  await page.getByText('no picture on the clipboard').waitFor();
  await give(page, 'paste', { file: pictures.sure });
  await settled(page);
  assert.deepEqual(await names(page), ['given.png']);
  assert.equal(await page.getByText('no picture on the clipboard').count(), 0);
  await page.getByRole('searchbox').focus();
  const prevented = await page.evaluate(() => !document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: new DataTransfer(), bubbles: true, cancelable: true })));
  assert.equal(prevented, false);
  await visited.close();
});

test('a folder is chosen with all that is below it, without what is no picture', async () => {
  mkdirSync(at('tray/deep/er'), { recursive: true });
  cpSync(pictures.sure, at('tray/b.png'));
  cpSync(pictures.sure, at('tray/deep/er/a.png'));
  writeFileSync(at('tray/readme.txt'), 'no picture');
  const visited = await visit();
  const { page } = visited;
  await page.setInputFiles('#folder', at('tray'));
  await settled(page);
  assert.deepEqual(await names(page), ['tray/b.png', 'tray/deep/er/a.png']);
  await page.getByText('1 file is no picture and was skipped.').waitFor();
  await clean(visited, 'folder');
  await page.getByRole('button', { name: 'Close this message' }).click();
  assert.equal(await page.locator('.note').count(), 0);
  await visited.close();
});

test('the camera rests at "I don’t know", and keeps a picture when asked', async () => {
  const visited = await visit();
  const { page } = visited;
  await page.getByRole('button', { name: 'Camera', exact: true }).click();
  await page.waitForFunction(() => document.querySelector('#camera-note').textContent.startsWith('Mean of'));
  let asked = 0;
  let most = 0;
  await page.route('**/v1/predict?*', async (route) => {
    asked += 1;
    most = Math.max(most, asked);
    await route.continue();
    await page.waitForEvent('requestfinished').catch(() => {});
    asked -= 1;
  });
  await page.waitForTimeout(1500);
  assert.equal(most, 1, 'one picture is in flight');
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  assert.equal(await page.textContent('#camera-answer h3 > span:last-child'), 'I don’t know this');
  await clean(visited, 'camera');
  await page.getByRole('button', { name: 'Keep this picture' }).click();
  await settled(page);
  assert.match((await names(page))[0], /^camera \d\d-\d\d-\d\d\.jpg$/);
  await page.getByRole('button', { name: 'Stop the camera' }).click();
  await page.waitForSelector('#camera', { state: 'hidden' });
  assert.equal(await page.evaluate(() => document.querySelector('video').srcObject), null);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'choose-camera');
  await visited.close();
});

test('the camera shows the mean of the last five answers', async () => {
  const visited = await visit();
  const { page } = visited;
  const answer = (monarch) => ({
    verdict: 'class', reason: 'sure', novelty: 0.1, nearest: [], answer: [{ class: monarch > 0.5 ? 'monarch' : 'queen', probability: Math.max(monarch, 1 - monarch) }],
    top: [{ class: 'monarch', probability: monarch }, { class: 'queen', probability: 1 - monarch }],
  });
  // 0, then 0.9 for ever: five later the mean is 90%, whatever came first.
  let count = 0;
  await page.route('**/v1/predict?*', (route) => route.fulfill({ json: { model: 'm', classes: [], novelty_limit: 1, predictions: [answer(count++ === 0 ? 0 : 0.9)] } }));
  await page.getByRole('button', { name: 'Camera', exact: true }).click();
  await page.waitForFunction(() => document.querySelector('#camera-answer h3')?.textContent === 'monarch90%', null, { timeout: 20_000 });
  assert.match(await page.textContent('#camera-answer .odds'), /monarch90%.*queen10%/);
  await clean(visited, 'camera-answer');
  await visited.close();
});

for (const [name, words] of [['NotAllowedError', 'Allow it in the browser'], ['NotFoundError', 'There is no camera'], ['NotReadableError', 'Another program may be using it']]) {
  test(`a camera that does not start says why: ${name}`, async () => {
    const visited = await visit({ init: `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '${name}'));` });
    await visited.page.getByRole('button', { name: 'Camera', exact: true }).click();
    await visited.page.getByText(words).waitFor();
    if (name === 'NotAllowedError') await clean(visited, 'camera-refused');
    await visited.close();
  });
}
