/** A folder that nobody has sorted: groups of alike pictures are named. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { test } from 'node:test';
import { clean } from '../harness.mjs';
import { at, blots, idle, left, review, visit } from './fixture.mjs';

test('groups are named by one key each once a class is there, and the plan sorts the folder', { timeout: 300_000 }, async () => {
  blots('sorted', 24);
  mkdirSync(at('unsorted'));
  for (const name of ['red', 'blue']) for (const file of readdirSync(at(`sorted/${name}`))) renameSync(at(`sorted/${name}/${file}`), at(`unsorted/${file}`));
  const server = await review('unsorted');
  const visited = await visit(server);
  const { page } = visited;
  await idle(page);
  const groups = await left(page, 'groups');
  assert(groups >= 2, `${groups} groups`);
  assert.match(await page.textContent('#view h2'), /alike pictures\. What do they show\?/);
  await clean(visited, 'review-groups');
  const colour = async () => (await page.getAttribute('.sheet img', 'alt')).split('-')[0];
  const known = [];
  let keys = 0;
  for (let group = 0; group < groups; group += 1) {
    const name = await colour();
    const n = await page.textContent('#kind-groups');
    if (known.includes(name)) {
      const chip = page.locator('#view .chips button', { hasText: name });
      await page.keyboard.press((await chip.locator('kbd').textContent()));
      keys += 1;
    } else {
      await page.keyboard.press('Enter');
      await page.keyboard.type(name);
      await page.keyboard.press('Enter');
      known.push(name);
    }
    await page.waitForFunction((n) => document.querySelector('#kind-groups').textContent !== n, n);
  }
  console.log(`# ${groups} groups named, ${keys} of them by one key`);
  await page.keyboard.press('z');
  await page.waitForFunction(() => document.querySelector('#kind-groups').textContent === '1');
  await page.keyboard.press('y');
  await page.waitForFunction(() => document.querySelector('#kind-groups').textContent === '✓');
  await page.keyboard.press('a');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Enter');
  await page.waitForSelector('#after:not([hidden]) >> text=/moved/', { timeout: 60_000 });
  await idle(page);
  assert.equal(readdirSync(at('unsorted/red')).length + readdirSync(at('unsorted/blue')).length, 48);
  assert.deepEqual(visited.faults, []);
  await visited.close();
  await server.stop();
});
