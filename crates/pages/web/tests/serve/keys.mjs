/** The page by the keyboard alone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose, pictures, visit } from './fixture.mjs';

/** What the keyboard is at: an id, or the kind of part. */
const focus = (page) => page.evaluate(() => {
  const { activeElement: at } = document;
  return at.id || at.getAttribute('value') || [...at.classList].find((name) => ['card', 'see', 'switch'].includes(name)) || at.getAttribute('href') || at.tagName;
});

async function walk(page, steps, key = 'Tab') {
  const seen = [];
  for (let step = 0; step < steps; step += 1) {
    await page.keyboard.press(key);
    seen.push(await focus(page));
  }
  return seen;
}

test('Tab goes through all parts in the order in which they are read, and back', async () => {
  const visited = await visit();
  const { page } = visited;
  await choose(page, [pictures.sure, pictures.ambiguous]);
  await page.evaluate(() => document.activeElement.blur());
  const parts = ['choose-files', 'choose-folder', 'choose-camera', 'all', 'search', 'save-csv', 'save-json', 'clear', 'card', 'see', 'switch', 'report'];
  assert.deepEqual(await walk(page, parts.length), parts);
  assert.deepEqual(await walk(page, parts.length - 1, 'Shift+Tab'), parts.slice(0, -1).reverse());
  const outlined = await page.evaluate(() => { document.querySelector('#choose-files').focus(); return getComputedStyle(document.activeElement).outlineStyle; });
  assert.equal(outlined, 'solid', 'one sees where it is');
  await visited.close();
});

test('arrows go from card to card, Enter looks closer, Escape comes back', async () => {
  const visited = await visit();
  const { page } = visited;
  await choose(page, Array(40).fill(pictures.sure));
  await page.locator('.card').first().focus();
  const place = () => page.evaluate(() => document.activeElement.closest('li')?.getAttribute('aria-posinset'));
  const press = async (key) => { await page.keyboard.press(key); return place(); };
  assert.equal(await press('ArrowRight'), '2');
  assert.equal(await press('ArrowDown'), '4', 'two columns at this width');
  assert.equal(await press('ArrowLeft'), '3');
  assert.equal(await press('End'), '40');
  const inSight = await page.evaluate(() => { const { top, bottom } = document.activeElement.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight; });
  assert(inSight, 'the card with the keyboard is in sight');
  assert.equal(await press('ArrowRight'), '40', 'there is no next');
  assert.equal(await press('PageUp'), '36');
  assert.equal(await press('Home'), '1');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.equal(await place(), '2');
  await visited.close();
});

test('a card keeps the keyboard when it is scrolled out of sight', async () => {
  const visited = await visit();
  const { page } = visited;
  await choose(page, Array(60).fill(pictures.sure));
  await page.locator('.card').nth(2).focus();
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.waitForFunction(() => [...document.querySelectorAll('.cell')].some((cell) => cell.ariaPosInSet === '60'));
  assert.equal(await page.evaluate(() => document.activeElement.closest('li').ariaPosInSet), '3');
  assert.equal(await page.locator('.cell').first().getAttribute('aria-setsize'), '60');
  assert(await page.locator('.cell').count() < 30, 'the others are not drawn');
  await visited.close();
});
