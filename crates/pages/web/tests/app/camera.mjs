/** From an empty folder to an answer, with a camera and a keyboard alone. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { clean, weigh } from '../harness.mjs';
import { app, at, count, phase, settled, visit } from './fixture.mjs';

/** The false camera shows all classes the same: one of them is seen through red glass. */
const TINTED = `const { drawImage } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.drawImage = function (...all) {
    drawImage.apply(this, all);
    if (!document.querySelector('#burst-title')?.textContent.includes('spoon')) return;
    this.fillStyle = '#c00';
    this.fillRect(0, 0, this.canvas.width, this.canvas.height / 2);
  };`;

/** Goes on with Tab until a part has the keyboard. */
async function tabTo(page, what) {
  for (let step = 0; step < 40; step += 1) {
    const here = await page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim());
    if (here === what) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not reach ${what}`);
}

test('two classes are photographed, taught and tried without a mouse', { timeout: 300_000 }, async () => {
  const server = await app('things');
  const visited = await visit(server, { init: TINTED });
  const { page } = visited;
  await page.evaluate(() => { globalThis.mouse = 0; addEventListener('pointerdown', () => { globalThis.mouse += 1; }); });
  await phase(page, 'empty');
  assert(await page.locator('#teach-do').isDisabled());
  await weigh(visited, 'app', 110);
  await clean(visited, 'app-empty');
  const began = Date.now();
  for (const name of ['cup', 'spoon']) {
    await tabTo(page, 'Name of a new class');
    await page.keyboard.type(name);
    await page.keyboard.press('Enter');
    await page.waitForSelector(`[data-class="${name}"]`);
  }
  await page.waitForFunction(() => /more pictures of cup/.test(document.querySelector('#teach-says').textContent));
  await clean(visited, 'app-collecting');
  const clock = Date.now();
  for (const name of ['cup', 'spoon']) {
    await page.evaluate(() => document.activeElement.blur());
    await tabTo(page, `Camera: ${name}`);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement.id === 'burst-hold');
    for (let hold = 0; hold < 2; hold += 1) {
      await page.keyboard.down('Space');
      await page.waitForFunction((n) => parseInt(document.querySelector('#burst-count').textContent, 10) >= n, 10, { timeout: 60_000 });
      if (hold === 0 && name === 'cup') await page.waitForSelector('#burst-hold[aria-pressed=true]');
      await page.keyboard.up('Space');
    }
    assert.match(await page.textContent('#burst-title'), new RegExp(name));
    await settled(page);
    await page.waitForFunction((name) => document.querySelector(`[data-class="${name}"] .title .reason`).textContent.includes('2 bursts'), name);
    if (name === 'cup') await clean(visited, 'app-burst');
    await tabTo(page, 'Stop the camera');
    await page.keyboard.press('Enter');
  }
  assert(parseInt(await count(page, 'cup'), 10) >= 19, await count(page, 'cup'));
  assert.equal(readdirSync(at('things/cup')).filter((name) => name.startsWith('burst')).length, 2, 'each hold has a folder of its own');
  await phase(page, 'ready');
  await clean(visited, 'app-ready');
  await tabTo(page, 'Teach');
  const taught = Date.now();
  await page.keyboard.press('Enter');
  await phase(page, 'teaching');
  await clean(visited, 'app-teaching');
  await phase(page, 'taught');
  const teaching = Date.now() - taught;
  await page.waitForSelector('#try-ready:not([hidden])');
  await page.evaluate(() => document.querySelector('#choose-camera').focus());
  await page.keyboard.press('Enter');
  await page.waitForSelector('#camera-answer h3', { timeout: 60_000 });
  await page.waitForFunction(() => document.querySelector('#camera-note').textContent.startsWith('Mean of'));
  console.log(`# two classes of 20 pictures by camera: ${((Date.now() - clock) / 1000).toFixed(1)} s to the first answer (${((Date.now() - began) / 1000).toFixed(1)} s with the checks of each state), of which teaching ${(teaching / 1000).toFixed(1)} s`);
  assert.equal(await page.evaluate(() => globalThis.mouse), 0);
  await clean(visited, 'app-camera');
  assert.deepEqual(visited.faults, []);
  assert.equal(visited.hosts().length, 1);
  await visited.close();
  await server.stop();
});
