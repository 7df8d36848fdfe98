/** Review by the keyboard alone. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { clean } from '../harness.mjs';
import { at, blots, idle, left, review, saved, show, visit } from './fixture.mjs';

/** Presses keys and counts them. */
function counted(page) {
  let keys = 0;
  const press = async (key) => { keys += 1; await page.keyboard.press(key); };
  return { press, keys: () => keys };
}

test('a hundred label errors are decided and applied in at most 105 keys, without a mouse', { timeout: 400_000 }, async () => {
  blots('many', 160, 50);
  const server = await review('many');
  const visited = await visit(server);
  const { page } = visited;
  await idle(page);
  await page.evaluate(() => { globalThis.mouse = 0; addEventListener('pointerdown', () => { globalThis.mouse += 1; }); });
  const all = await left(page, 'label');
  assert(all >= 95, `${all} of 100 were found`);
  const { press, keys } = counted(page);
  const times = [];
  while (await left(page, 'label') > 0) {
    const n = await page.textContent('#kind-label');
    const began = Date.now();
    await press('Enter');
    await page.waitForFunction((n) => document.querySelector('#kind-label').textContent !== n, n, { polling: 'raf' });
    times.push(Date.now() - began);
  }
  await press('a');
  await page.getByRole('dialog').waitFor();
  await press('Enter');
  await page.waitForSelector('#after:not([hidden]) >> text=/moved/', { timeout: 60_000 });
  assert(keys() <= all + 5 && keys() <= 105, `${keys()} keys for ${all}`);
  assert.equal(await page.evaluate(() => globalThis.mouse), 0);
  const wrong = readdirSync(at('many/red')).filter((name) => name.startsWith('blue')).length;
  assert(wrong <= 5, `${wrong} are still filed wrong`);
  const sorted = times.sort((a, b) => a - b);
  console.log(`# ${all} label errors: ${keys()} keys; key to next picture p50 ${sorted[Math.floor(sorted.length / 2)]} ms, p95 ${sorted[Math.floor(sorted.length * 0.95)]} ms`);
  await visited.close();
  await server.stop();
});

test('Tab reaches every part, keys can be changed and switched off, and never act while one types', { timeout: 240_000 }, async () => {
  blots('few', 24, 2);
  const server = await review('few');
  const visited = await visit(server);
  const { page } = visited;
  await idle(page);
  await show(page, 'label');
  await page.waitForSelector('.acts button');
  const n = await left(page, 'label');
  await page.evaluate(() => document.activeElement.blur());
  const seen = [];
  for (let step = 0; step < 25; step += 1) {
    await page.keyboard.press('Tab');
    seen.push(await page.evaluate(() => document.activeElement.id || document.activeElement.dataset.act || document.activeElement.getAttribute('name') || document.activeElement.tagName));
  }
  for (const part of ['kind', 'desk', 'way-later', 'accept', 'keep', 'leave', 'other', 'plan-undo', 'plan-keys']) assert(seen.includes(part), `${part} is not among ${seen.join(' ')}`);

  await page.locator('#desk').focus();
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await clean(visited, 'review-keys');
  await page.getByRole('button', { name: /^K: change the key/ }).press('Enter');
  await page.keyboard.press('j');
  await page.getByRole('button', { name: /^J: change the key/ }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.keyboard.press('k');
  assert.equal(await left(page, 'label'), n, 'the old key does nothing');
  await page.keyboard.press('j');
  await page.waitForFunction((n) => document.querySelector('#kind-label').textContent !== String(n), n);
  await saved(page);

  await page.keyboard.press('?');
  await page.getByLabel('Single keys act').uncheck();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  const rest = await left(page, 'label');
  for (const key of ['j', 'x', 'Enter', '1']) await page.keyboard.press(key);
  assert.equal(await left(page, 'label'), rest, 'no single key acts');
  assert.equal(await page.locator('#view kbd').count(), 0);
  await page.reload();
  await page.waitForSelector('#view h2');
  assert.equal(await page.locator('#view kbd').count(), 0, 'the choice is kept');
  await page.keyboard.press('?');
  await page.getByRole('button', { name: 'The usual keys' }).click();
  await page.keyboard.press('Escape');
  await show(page, 'all');
  await page.getByRole('searchbox').fill('x');
  await page.keyboard.press('k');
  assert.match(await page.textContent('#plan-words'), /^(0|No)/i, 'nothing was left out while typing');
  assert.deepEqual(visited.faults, []);
  await visited.close();
  await server.stop();
});
