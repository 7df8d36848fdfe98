/** Files that the page makes, and names that would harm it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { clean, run } from '../harness.mjs';
import { at, choose, names, pictures, visit } from './fixture.mjs';

/** What a button saves: its name and its text. */
async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
}

test('the table and the document are those of `predict -o`', async () => {
  const visited = await visit();
  const { page } = visited;
  const files = ['sure', 'ambiguous', 'known', 'unknown'].map((kind) => pictures[kind]);
  await choose(page, files);
  const here = (text) => text.replaceAll(/[^",\n]*\/new\/|[^",\n]*\/butterflies\/queen\/(?=020)/g, '');
  const table = await saved(page, /as a table/);
  assert.equal(table.name, 'butterflies answers.csv');
  await run(['predict', 'butterflies.lookalike', ...files, '-o', 'by-program.csv', '-q']).catch(() => {});
  
  assert.deepEqual(table.text, here(readFileSync(at('by-program.csv'), 'utf8')));
  const document = await saved(page, /as JSON/);
  const mine = JSON.parse(document.text);
  const theirs = JSON.parse(here(await run(['predict', 'butterflies.lookalike', ...files, '--json', '-q'])));
  assert.deepEqual({ ...mine, model: '' }, { ...theirs, model: '' });
  assert.match(mine.model, /butterflies\.lookalike$/);
  await visited.close();
});

test('what is saved is what is shown', async () => {
  const visited = await visit();
  const { page } = visited;
  await choose(page, [pictures.sure, pictures.unknown, pictures.unread]);
  await page.getByRole('radio', { name: 'Not read' }).check();
  await page.getByRole('button', { name: 'Save the answer on 1 picture as a table' }).waitFor();
  const { text } = await saved(page, /as a table/);
  const [, row, end] = text.split('\n');
  assert.match(row, /^notes\.jpg,,,,,,,,,./);
  assert.equal(end, '');
  await visited.close();
});

test('no name of a file is more than text', async () => {
  const visited = await visit({ init: 'globalThis.harmed = 0;' });
  const { page } = visited;
  const buffer = readFileSync(pictures.sure);
  const hostile = ['<img src=x onerror=harmed=1>.png', '"><script>harmed=1<\u2215script>.png', '{{harmed=1}}${harmed=1}.png', 'תמונה של פרפר.png', 'photo\u202egnp.exe', '=cmd|calc.png', 'a\u0000\u0007b.png', `${'w'.repeat(251)}.png`, `${'蝶'.repeat(83)}.png`];
  await choose(page, hostile.map((name) => ({ name, mimeType: 'image/png', buffer })));
  assert.equal(await page.evaluate(() => globalThis.harmed), 0);
  assert.equal(await page.locator('.card script, .path img').count(), 0);
  const shown = await names(page);
  assert.equal(shown[0], hostile[0]);
  assert.equal(shown[4], 'photo\ufffdgnp.exe', 'nothing turns the direction');
  await clean(visited, 'hostile-names');
  await page.locator('.see').first().click();
  await page.locator('#closer-heat').click();
  await page.waitForSelector('#closer-picture .reason');
  for (let step = 0; step < hostile.length; step += 1) await page.keyboard.press('ArrowRight');
  await clean(visited, 'hostile-closer');
  await page.keyboard.press('Escape');
  const { text } = await saved(page, /as a table/);
  assert.match(text, /\n'=cmd\|calc\.png,/);
  assert.equal(await page.evaluate(() => globalThis.harmed), 0);
  assert.equal(visited.hosts().length, 1);
  await visited.close();
});
