/** Review when the program is gone, the page is loaded anew, or two pages decide. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clean } from '../harness.mjs';
import { at, blots, idle, left, review, saved, show, visit } from './fixture.mjs';
import { readFileSync } from 'node:fs';

test('a killed program loses no decision: those made meanwhile are sent when it is back', { timeout: 300_000 }, async () => {
  blots('killed', 24, 3);
  const server = await review('killed');
  const visited = await visit(server);
  const { page } = visited;
  await idle(page);
  await show(page, 'label');
  await page.waitForSelector('.acts button');
  const all = await left(page, 'label');
  await page.keyboard.press('Enter');
  await saved(page);
  await server.stop('SIGKILL');
  await page.keyboard.press('Enter');
  await page.keyboard.press('k');
  await page.getByRole('alert').getByText('your decisions are kept').waitFor();
  await page.getByText('2 decisions wait for the program').waitFor();
  assert.equal(await left(page, 'label'), all - 3, 'one goes on');
  await clean(visited, 'review-gone');
  await page.keyboard.press('z');
  await page.getByText('1 decision waits for the program').waitFor();
  assert.equal(await left(page, 'label'), all - 2, 'what was not sent is taken back here');
  const again = await review('killed', { port: server.port });
  await saved(page);
  await page.getByRole('alert').waitFor({ state: 'detached' });
  assert.match(await page.textContent('#plan-words'), /^2 changes/);
  assert.equal(readFileSync(at(await page.textContent('#plan-saved a')), 'utf8').match(/^relabel,/gm).length, 2);
  await page.reload();
  await page.waitForSelector('#view h2');
  await idle(page);
  assert.match(await page.textContent('#plan-words'), /^2 changes/);
  await visited.close();

  const one = await visit(again);
  const two = await visit(again);
  await Promise.all([show(one.page, 'label'), show(two.page, 'label')]);
  await one.page.waitForSelector('.acts button');
  const n = await left(two.page, 'label');
  await one.page.keyboard.press('k');
  await two.page.getByText('decided in another window').waitFor();
  assert.equal(await left(two.page, 'label'), n - 1);
  await clean(two, 'review-others');
  assert.equal(await one.page.getByText('decided in another window').count(), 0);
  for (const { faults } of [one, two]) assert.deepEqual(faults, []);
  await one.close();
  await two.close();
  await again.stop();
});

test('without its key the page says what to do', { timeout: 120_000 }, async () => {
  blots('locked', 3);
  const server = await review('locked');
  const visited = await visit({ address: server.address }, { ready: false });
  await visited.page.waitForSelector('#plan:not([hidden])');
  await visited.context.clearCookies();
  await visited.page.reload();
  await visited.page.getByText('This page needs its key').waitFor();
  await clean(visited, 'review-locked');
  await visited.close();
  await server.stop();
});
