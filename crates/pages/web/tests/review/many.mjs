/** Ten thousand pictures in the grid. Times are printed, not judged: machines differ, and others use them too. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jumps, percentile, slow } from '../harness.mjs';
import { blots, idle, review, visit } from './fixture.mjs';

const MANY = 10_000;

/** The program's own list, each picture so often that there are ten thousand: the page's own time is measured. */
async function multiply(page) {
  await page.route('**/v1/pictures?*', async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const [after, limit] = ['after', 'limit'].map((name) => Number(query.get(name)));
    multiply.all ??= await (await route.fetch({ url: route.request().url().replace(/after=\d+&limit=\d+/, 'after=0&limit=1000') })).json();
    const { pictures } = multiply.all;
    const some = Array.from({ length: Math.max(0, Math.min(limit, MANY - after)) }, (_, place) => {
      const picture = pictures[(after + place) % pictures.length];
      return { ...picture, id: (after + place) * 1_000_000 + 1, name: `${after + place} ${picture.name}` };
    });
    return route.fulfill({ json: { total: MANY, after, pictures: some } });
  });
}

test('ten thousand pictures are shown at once and jumped through', { timeout: 240_000 }, async () => {
  // With label errors, so that the grid is not what is shown first.
  blots('wide', 24, 3);
  const server = await review('wide');
  for (const rate of process.env.LOOKALIKE_SLOW ? [1, 4] : [1]) {
    const visited = await visit(server);
    const { page } = visited;
    await page.waitForSelector('[name=kind][value=label]', { state: 'attached', timeout: 120_000 });
    await idle(page);
    await multiply(page);
    await slow(visited, rate);
    const first = await page.evaluate(async () => {
      const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
      // An order that was not asked for before: nothing of it is here yet.
      document.querySelector('#tiles-order').value = 'doubt';
      const began = performance.now();
      document.querySelector('[name=kind][value=all]').click();
      while (!/000/.test(document.querySelector('#tiles-count').textContent) || !document.querySelector('.tile')) await frame();
      await frame();
      return performance.now() - began;
    });
    await page.waitForFunction(() => document.querySelector('#tiles-count').textContent === '10,000 pictures', null, { timeout: 90_000 });
    const jumped = await jumps(page, 60);
    const still = await jumps(page, 60, 0);
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    console.log(`# 10,000 pictures in the grid, processor slowed ${rate} times: first screen ${first.toFixed(0)} ms, jump p50 ${percentile(jumped, 0.5)} ms, p95 ${percentile(jumped, 0.95)} ms (without a jump ${percentile(still, 0.5)} and ${percentile(still, 0.95)} ms), ${nodes} nodes`);
    assert(nodes < 1500, `${nodes} nodes`);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.waitForFunction((many) => [...document.querySelectorAll('.tile')].some((tile) => tile.ariaPosInSet === String(many)), MANY);
    await page.locator('.tile').last().focus();
    await page.keyboard.press('Control+a');
    assert.equal(await page.textContent('#tiles-count'), '10,000 selected');
    await page.keyboard.press('Escape');
    assert.deepEqual(visited.faults, []);
    await visited.close();
  }
  await server.stop();
});
