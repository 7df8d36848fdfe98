/** Ten thousand pictures. Times are printed, not judged: machines differ, and others use them too. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { jumps, percentile, slow } from '../harness.mjs';
import { pictures, visit } from './fixture.mjs';

const MANY = 10_000;

/** Answers at once, without the program: the page's own time is measured.
 *  It never answers the last 1,000, so that however fast the machine is, there is work to pause. */
const INSTANT = `const { fetch } = globalThis; let asked = 0; globalThis.fetch = async (address, request) => {
  if (!String(address).includes('v1/predict')) return fetch(address, request);
  asked += 1;
  if (asked > ${MANY - 1000}) await new Promise(() => {});
  const top = [{ class: 'queen', probability: 0.8 }, { class: 'monarch', probability: 0.2 }];
  return Response.json({ model: 'm', novelty_limit: 1, predictions: [{ verdict: 'class', reason: 'sure', answer: top.slice(0, 1), top, novelty: 0.1, nearest: [] }] });
};`;

/** Makes so many pictures, ready to be dropped. */
async function prepare(page, n) {
  const bytes = [...readFileSync(pictures.sure)];
  await page.evaluate(({ n, bytes }) => {
    globalThis.data = new DataTransfer();
    const content = new Blob([new Uint8Array(bytes)]);
    for (let number = 0; number < n; number += 1) globalThis.data.items.add(new File([content], `${number}.png`, { type: 'image/png' }));
  }, { n, bytes });
}

/** Drops them; the milliseconds until the first cards are painted. */
function drop(page) {
  return page.evaluate(async () => {
    const began = performance.now();
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: globalThis.data, bubbles: true, cancelable: true }));
    const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
    while (!document.querySelector('.card')) await frame();
    await frame();
    return performance.now() - began;
  });
}

test('ten thousand pictures are shown at once and jumped through', { timeout: 240_000 }, async () => {
  for (const rate of process.env.LOOKALIKE_SLOW ? [1, 4] : [1]) {
    const visited = await visit({ init: INSTANT });
    const { page } = visited;
    await prepare(page, MANY);
    await slow(visited, rate);
    const first = await drop(page);
    const whileWorking = await jumps(page, 20);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Continue' }).waitFor();
    const resting = await jumps(page, 60);
    const still = await jumps(page, 60, 0);
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    assert.match(await page.textContent('#count-all'), /^10,000$/);
    assert(nodes < 1500, `${nodes} nodes`);
    const blank = await page.evaluate(() => [...document.querySelectorAll('.cell')].every((cell) => cell.querySelector('h3')));
    assert(blank, 'no card is empty');
    console.log(`# 10,000 pictures, processor slowed ${rate} times: first screen ${first.toFixed(0)} ms, jump p50 ${percentile(resting, 0.5)} ms, p95 ${percentile(resting, 0.95)} ms (while it predicts ${percentile(whileWorking, 0.95)} ms; without a jump ${percentile(still, 0.5)} and ${percentile(still, 0.95)} ms), ${nodes} nodes`);
    await visited.close();
  }
});

test('addresses of pictures are given back when their cards go', async () => {
  const visited = await visit({ init: `${INSTANT} globalThis.held = 0;
    const { createObjectURL, revokeObjectURL } = URL;
    URL.createObjectURL = (blob) => { globalThis.held += 1; return createObjectURL.call(URL, blob); };
    URL.revokeObjectURL = (address) => { globalThis.held -= 1; revokeObjectURL.call(URL, address); };` });
  const { page } = visited;
  await prepare(page, 500);
  await drop(page);
  await jumps(page, 20);
  // Each card that is left shows its picture after a moment, and no other address is held.
  await page.waitForFunction(() => globalThis.held === document.querySelectorAll('.card').length);
  await page.getByRole('button', { name: 'Start over' }).click();
  await page.waitForFunction(() => globalThis.held === 0);
  await visited.close();
});

test('the page can be used early on a processor slowed 4 times', async () => {
  const visited = await visit({ ready: false, path: '' });
  await slow(visited, 4);
  await visited.page.reload();
  await visited.page.waitForSelector('#judged p');
  const usable = await visited.page.evaluate(() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd);
  console.log(`# slowed 4 times: usable after ${usable.toFixed(0)} ms`);
  assert(usable > 0);
  await visited.close();
});
