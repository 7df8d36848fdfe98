/** What the page shows, from empty to answered. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clean, weigh } from '../harness.mjs';
import { choose, headings, intercept, pictures, shared, visit } from './fixture.mjs';

test('the empty page says what the classifier tells apart and how well, in few requests', async () => {
  const visited = await visit();
  const { page, requests } = visited;
  assert.equal(await page.textContent('#name'), 'butterflies');
  assert.equal(await page.textContent('#tells'), 'Is it monarch, other monarch or queen?');
  assert.match(await page.textContent('#judged p'), /^Right on \d+% \(\d+–\d+%\) of \d+ pictures that it was not trained on\.$/);
  assert.match(await page.textContent('footer'), /Nothing leaves this machine/);
  assert.match(await page.title(), /butterflies/);
  // Three classes, each with three pictures.
  assert(process.env.LOOKALIKE_PAGE_FROM_DISK || requests.length <= 15, `${requests.length} requests: ${requests.join(' ')}`);
  await weigh(visited, 'index', 60);
  await clean(visited, 'empty');
  await visited.close();
});

test('each kind of answer has its words, and a picture that cannot be read its reason', async () => {
  const visited = await visit();
  const { page } = visited;
  await choose(page, Object.values(pictures));
  const [sure, ambiguous, known, unknown, unread] = await headings(page);
  assert.match(sure, /^queen ?(>99|\d\d)%$/);
  assert.match(ambiguous, /^(monarch or other monarch|other monarch or monarch)$/);
  assert.match(known, /^queen/);
  assert.equal(unknown, 'I don’t know this');
  assert.equal(unread, 'Not read');
  const reasons = await page.locator('.card .reason').allTextContents();
  assert.match(reasons[2], /training pictures, so this proves nothing/);
  assert.match(reasons[3], /Not recognised: unlike the training pictures/);
  assert.match(reasons[4], /picture|format|JPEG/i, 'the reason of the program');
  const cards = page.locator('.card');
  assert.equal(await cards.nth(3).locator('.odds').count(), 0, 'probabilities of the unknown mean nothing');
  assert.equal(await cards.nth(0).locator('.near img').count(), 3);
  assert.equal(await cards.nth(4).getByRole('button', { name: 'Try again' }).count(), 0, 'it would not help');
  await clean(visited, 'answered');
  await visited.close();
});

test('what is shown can be chosen by kind and found by name, with counts', async () => {
  const visited = await visit();
  const { page } = visited;
  await choose(page, Object.values(pictures));
  const counts = async () => Object.fromEntries(await page.$$eval('#filters b', (all) => all.map((b) => [b.id.replace('count-', ''), b.textContent])));
  assert.deepEqual(await counts(), { all: '5', sure: '2', ambiguous: '1', unknown: '1', failed: '1' });
  await page.getByRole('radio', { name: 'Not recognised' }).check();
  await page.waitForFunction(() => document.querySelectorAll('.card').length === 1);
  assert.deepEqual(await headings(page), ['I don’t know this']);
  await page.getByRole('radio', { name: 'All' }).check();
  await page.getByRole('searchbox').fill('QUEEN');
  await page.waitForFunction(() => document.querySelectorAll('.card').length === 2);
  await page.getByRole('searchbox').fill('no such thing');
  await page.waitForSelector('#nothing:not([hidden])');
  await clean(visited, 'nothing-found');
  await page.getByRole('button', { name: 'Start over' }).click();
  await page.waitForSelector('#results', { state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.id), 'choose-files');
  await visited.close();
});

test('while it works there is a bar, and pause and continue', async () => {
  const visited = await visit();
  const { page } = visited;
  let free;
  const held = new Promise((resolve) => { free = resolve; });
  const seen = await intercept(page, 4, async (route) => { await held; await route.continue(); });
  await choose(page, Array(6).fill(pictures.sure), { wait: false });
  await page.waitForFunction(() => document.querySelectorAll('.card.asking').length === 4, null);
  assert.equal(await page.locator('.cell').last().getAttribute('aria-setsize'), '6');
  assert.match(await page.textContent('#work-words'), /^0 of 6/);
  await clean(visited, 'working');
  await page.getByRole('button', { name: 'Pause' }).click();
  free();
  await page.waitForFunction(() => document.querySelectorAll('.card.sure').length === 4, null, { timeout: 60_000 });
  assert.equal(seen(), 4, 'nothing more is sent');
  assert.match(await page.textContent('#work-words'), /^4 of 6 · Paused/);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.card.sure').length === 6, null, { timeout: 60_000 });
  assert.equal(await page.textContent('#status'), '6 pictures are predicted.');
  await visited.close();
});

test('a heat map is laid over a picture, and taken off', async () => {
  const visited = await visit();
  const { page } = visited;
  await choose(page, [pictures.ambiguous]);
  const button = page.locator('.card').getByRole('button', { name: 'Heat map' });
  await button.click();
  const heat = page.locator('.card .heat');
  await heat.waitFor();
  assert.match(await heat.getAttribute('src'), /^data:image\/jpeg;base64,/);
  assert.match(await heat.getAttribute('alt'), /^Coloured areas supported (other )?monarch/);
  assert.equal(await button.getAttribute('aria-pressed'), 'true');
  await clean(visited, 'heat');
  await button.click();
  await heat.waitFor({ state: 'detached' });
  await visited.close();
});

test('a closer look shows one picture after the other, with every class', async () => {
  const visited = await visit();
  const { page } = visited;
  await choose(page, [pictures.sure, pictures.ambiguous, pictures.unread]);
  await page.locator('.see').first().click();
  const dialog = page.getByRole('dialog');
  assert.match(await dialog.getAttribute('aria-labelledby'), /closer-title/);
  assert.equal(await dialog.locator('.odds li').count(), 3);
  await clean(visited, 'closer');
  assert(await page.locator('#closer-before').isDisabled());
  await dialog.getByRole('button', { name: 'Next' }).click();
  assert.match(await page.textContent('#closer-title'), /monarch or/);
  await page.keyboard.press('ArrowRight');
  assert.match(await page.textContent('#closer-title'), /Not read/);
  assert.equal(await page.textContent('#closer-place'), '3 of 3');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^notes.jpg/, 'the keyboard is at the picture last seen');
  await visited.close();
});
