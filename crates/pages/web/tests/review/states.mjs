/** What the page of review shows, from the first look to the comparison. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { clean, step, weigh } from '../harness.mjs';
import { at, HOSTILE, idle, left, review, RTL, saved, show, visit } from './fixture.mjs';

/** Every file of a folder. */
const tree = (name) => readdirSync(at(name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`).sort();

test('a folder is gone through, its plan applied, compared, and undone', { timeout: 400_000 }, async () => {
  const before = tree('butterflies');
  const server = await review('butterflies');
  const visited = await visit(server, { ready: false, init: 'globalThis.harmed = 0;' });
  const { page } = visited;

  await step('while it looks, there is a bar', async () => {
    await page.waitForSelector('#job:not([hidden]), #view h2', { timeout: 60_000 });
    await clean(visited, 'review-surveying');
    await idle(page);
  });

  await step('a possible label error is asked about, beside what it is like', async () => {
    await show(page, 'label');
    await page.waitForSelector('.likes img', { timeout: 60_000 });
    assert.match(await page.textContent('#view h2'), /^Filed under .+\. Is it .+\?$/);
    assert(await left(page, 'label') >= 1);
    assert.equal(await page.locator('.like').count(), 2, 'of each class');
    await page.waitForFunction(() => document.querySelector('.hot img').src.startsWith('data:image/jpeg'));
    const [, suggested] = /Is it (.+)\?$/.exec(await page.textContent('#view h2'));
    assert.equal(await page.textContent('.hot figcaption span'), `Coloured areas supported ${suggested}, bright yellow the most.`);
    await clean(visited, 'review-label');
    await page.keyboard.press('h');
    await page.waitForFunction(() => document.querySelector('.hot img').src.includes('/large.jpg'));
    assert.doesNotMatch(page.url(), /k=/, 'the key leaves the address');
    await weigh(visited, 'review', 90);
  });

  await step('one key decides and goes on, and another undoes', async () => {
    const first = await page.textContent('.side .path');
    const n = await left(page, 'label');
    await page.keyboard.press('Enter');
    await page.waitForFunction((n) => document.querySelector('#kind-label').textContent !== String(n), n);
    assert.equal(await left(page, 'label'), n - 1);
    assert.match(await page.textContent('#status'), /1 picture is filed under .+ Z undoes this\./);
    await saved(page);
    assert.match(readFileSync(at(await page.textContent('#plan-saved a')), 'utf8'), /^relabel,/m);
    await page.keyboard.press('z');
    await page.waitForFunction((n) => document.querySelector('#kind-label').textContent === String(n), n);
    assert.equal(await page.textContent('.side .path'), first, 'it is asked about again');
    await page.keyboard.press('y');
    await page.waitForFunction((n) => document.querySelector('#kind-label').textContent !== String(n), n);
    await clean(visited, 'review-decided');
  });

  await step('a class that is not there can be made', async () => {
    await show(page, 'all');
    await page.locator('.tile').first().focus();
    await page.keyboard.press('/');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('new butterfly');
    await page.waitForSelector('#pick-list li:has-text("New class")');
    await clean(visited, 'review-pick');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.tile .badge.relabel');
    await saved(page);
    await page.keyboard.press('z');
    await page.waitForFunction(() => document.querySelector('#plan-words').textContent.startsWith('1 '));
  });

  await step('copies lie side by side, and the one that is kept is framed and says why', async () => {
    await show(page, 'copies');
    await page.waitForSelector('.tray .kept .why');
    assert.match(await page.textContent('.tray .kept .why'), /^Kept: ./);
    assert.equal(await page.locator('.tray li').count(), 2);
    await clean(visited, 'review-copies');
    for (let n = await left(page, 'copies'); n > 0; n -= 1) {
      await page.keyboard.press('Enter');
      await page.waitForFunction((n) => document.querySelector('#kind-copies').textContent !== String(n), n);
    }
    await page.waitForSelector('#view h2:has-text("All decided")');
    await clean(visited, 'review-all-decided');
  });

  await step('one picture in two classes: a digit keeps one', async () => {
    await show(page, 'conflict');
    await page.waitForSelector('.tray li');
    await clean(visited, 'review-conflict');
    const n = await left(page, 'conflict');
    await page.keyboard.press('1');
    await page.waitForFunction((n) => document.querySelector('#kind-conflict').textContent !== String(n), n);
  });

  await step('all pictures are a grid in which several are selected and decided', async () => {
    await show(page, 'all');
    await page.waitForSelector('.tile');
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    assert.equal(await page.textContent('#tiles-count'), '3 selected');
    assert.equal(await page.locator('.tile[aria-selected=true]').count(), 3);
    await clean(visited, 'review-grid');
    const changes = await page.textContent('#plan-words');
    await page.keyboard.press('x');
    await page.waitForFunction((changes) => document.querySelector('#plan-words').textContent !== changes, changes);
    await page.keyboard.press('z');
    await page.waitForFunction((changes) => document.querySelector('#plan-words').textContent === changes, changes);
    await page.getByRole('searchbox').fill('onerror');
    await page.waitForFunction(() => document.querySelectorAll('.tile').length === 1);
    await page.locator('.tile').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    assert.match(await page.textContent('#large-name'), new RegExp(HOSTILE.slice(0, 12)));
    await clean(visited, 'review-large');
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox').fill('');
    assert.equal(await page.evaluate(() => globalThis.harmed), 0);
    assert(await page.locator('#tells bdi', { hasText: RTL }).count() > 0);
  });

  await step('what is to happen is said in words, and then happens', async () => {
    await saved(page);
    await page.locator('.tile').first().focus();
    await page.keyboard.press('a');
    await page.getByRole('dialog').waitFor();
    assert.match(await page.textContent('#apply-words'), /put back/);
    await page.locator('#apply-moves summary').click();
    await clean(visited, 'review-apply');
    assert.deepEqual(tree('butterflies'), before, 'nothing has moved yet');
    await page.locator('#apply-do').press('Enter');
    await page.waitForSelector('#after:not([hidden]) >> text=/moved/', { timeout: 60_000 });
    await idle(page);
    assert.notDeepEqual(tree('butterflies'), before);
    assert(existsSync(at('butterflies-left-out')));
    await clean(visited, 'review-applied');
  });

  await step('it is trained again, and compared on what both were evaluated on', async () => {
    await page.getByRole('button', { name: 'Train again' }).click();
    await page.waitForSelector('#job:not([hidden])');
    await clean(visited, 'review-training');
    await page.waitForSelector('#after-compare .measure', { timeout: 240_000 });
    assert.match(await page.textContent('#after-compare'), /Before.*%.*After.*%.*the same \d+ pictures/s);
    await idle(page);
    await clean(visited, 'review-compared');
  });

  await step('everything is put back', async () => {
    await page.getByRole('button', { name: 'Put everything back' }).click();
    await page.waitForSelector('#after-undo', { state: 'hidden', timeout: 60_000 });
    await idle(page);
    assert.deepEqual(tree('butterflies'), before);
  });

  assert.deepEqual(visited.faults, []);
  await visited.close();
  await server.stop();
});
