/** Folders of pictures become classes; a wrong answer goes back into one. */

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { clean, step } from '../harness.mjs';
import { app, at, count, counts, phase, settled, visit } from './fixture.mjs';

const RTL = 'דנאית';
/** A name of a file that would harm a page that took it for more than text, and one of a class. */
const HOSTILE = '<img src=x onerror=harmed=1>.png';
const NAMED = '{{harmed=1}} & ${harmed=1}';

/** Drops files on a part of the page, as a reader would. */
async function drop(page, selector, files) {
  const given = files.map(({ file, name }) => ({ name, bytes: [...readFileSync(file)] }));
  await page.evaluate(({ selector, given }) => {
    const data = new DataTransfer();
    for (const { name, bytes } of given) data.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
    document.querySelector(selector).dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, { selector, given });
}

/** What a link saves: its name and its bytes. */
async function saved(page, id) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator(id).click()]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

test('folders are chosen, taught, tried, corrected, renamed, and nothing is lost', { timeout: 400_000 }, async () => {
  mkdirSync(at('in'));
  const monarchs = readdirSync(at('drawn/monarch')).sort();
  for (const [name, as] of [['monarch', 'monarch'], ['queen', RTL]]) {
    mkdirSync(at(`in/${as}`));
    for (const file of readdirSync(at(`drawn/${name}`)).sort().slice(0, 24)) cpSync(at(`drawn/${name}/${file}`), at(`in/${as}/${file}`));
  }
  writeFileSync(at('in/monarch/notes.txt'), 'no picture');
  writeFileSync(at('in/monarch/broken.png'), 'no picture either');
  const server = await app('butterflies');
  const visited = await visit(server, { init: 'globalThis.harmed = 0;' });
  const { page } = visited;

  await step('each folder becomes a class, and what cannot be read is said', async () => {
    await page.setInputFiles('#folder', at('in'));
    await settled(page);
    await page.waitForFunction(() => document.querySelectorAll('.class').length === 2);
    for (const name of ['monarch', RTL]) await counts(page, name, 24);
    await page.locator('#notes').getByText('1 could not be read').waitFor();
    assert.equal(readdirSync(at(`butterflies/${RTL}`)).length, 24);
    await phase(page, 'ready');
    await clean(visited, 'app-folders');
    await page.locator('[data-note=added] .close').click();
    await page.setInputFiles('#folder', at('in'));
    await page.locator('#notes').getByText('were there already').waitFor({ timeout: 60_000 });
    assert.match(await count(page, 'monarch'), /^24 pictures/);
  });

  await step('a picture dropped on a class goes there, and one dropped beside is asked about', async () => {
    const file = at(`drawn/monarch/${monarchs[25]}`);
    await drop(page, '#column-teach', [{ file, name: 'loose.png' }]);
    await page.locator('#notes').getByText('of no class yet').waitFor();
    await drop(page, '[data-class=monarch]', [{ file, name: HOSTILE }]);
    await counts(page, 'monarch', 25);
    assert.equal(await page.evaluate(() => globalThis.harmed), 0);
  });

  await step('it is taught, and says how often it is right, with the range', async () => {
    await page.getByRole('button', { name: 'Teach', exact: true }).click();
    await phase(page, 'taught');
    assert.match(await page.textContent('.score'), /^\d+%/);
    assert.match(await page.textContent('#teach-score'), /Measured on \d+ pictures that it was not trained on.*expect \d+–\d+%/s);
    await clean(visited, 'app-taught');
  });

  await step('a picture is tried, and a wrong answer becomes a picture of its class', async () => {
    await page.setInputFiles('#files', at(`drawn/queen/${readdirSync(at('drawn/queen')).sort()[27]}`));
    await page.waitForSelector('.try h3 .name, .try.unknown', { timeout: 60_000 });
    await drop(page, '#column-try', [{ file: at(`drawn/monarch/${monarchs[28]}`), name: 'm.png' }]);
    await page.waitForFunction(() => document.querySelectorAll('.try .chips').length === 2);
    await clean(visited, 'app-tried');
    const chip = page.locator('.try .chips button').first();
    const into = await chip.textContent();
    await chip.click();
    await page.getByText(`Added to ${into}`).waitFor();
    await settled(page);
    await phase(page, 'stale');
    await clean(visited, 'app-stale');
    await page.getByRole('button', { name: 'Teach again' }).click();
    await phase(page, 'taught');
  });

  await step('a class is renamed, without teaching', async () => {
    await page.getByRole('button', { name: 'Rename: monarch' }).click();
    await page.keyboard.type(NAMED);
    await page.keyboard.press('Enter');
    await page.waitForFunction((name) => [...document.querySelectorAll('.class')].some((one) => one.dataset.class === name), NAMED);
    assert.equal(await page.evaluate(() => document.body.dataset.phase), 'taught');
    assert(existsSync(at(`butterflies/${NAMED}`)));
    assert.equal(await page.evaluate(() => globalThis.harmed), 0);
    await clean(visited, 'app-renamed');
  });

  await step('pictures are removed and come back', async () => {
    await page.getByRole('button', { name: `All pictures of ${RTL}` }).click();
    await page.waitForSelector('#gallery-sheet li');
    await page.locator('#gallery-sheet input').first().check();
    await page.locator('#gallery-sheet input').nth(1).check();
    await clean(visited, 'app-gallery');
    const before = readdirSync(at(`butterflies/${RTL}`)).length;
    await page.getByRole('button', { name: 'Remove 2' }).click();
    await page.waitForSelector('#undo:not([hidden])', { state: 'attached' });
    assert.equal(readdirSync(at(`butterflies/${RTL}`)).length, before - 2);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await counts(page, RTL, before);
    assert.equal(readdirSync(at(`butterflies/${RTL}`)).length, before);
  });

  await step('classifier and answers are saved, and the report opens', async () => {
    const classifier = await saved(page, '#save-classifier');
    assert.match(classifier.name, /\.lookalike$/);
    assert(classifier.bytes.length > 10_000);
    const table = await saved(page, '#save-answers');
    assert.match(table.bytes.toString('utf8'), /path,label,answer,verdict,probability/);
    const [report] = await Promise.all([visited.context.waitForEvent('page'), page.locator('#save-report').click()]);
    await report.waitForSelector('h1');
    await report.close();
  });

  await step('another window shows the same, at once', async () => {
    const other = await visit(server);
    await page.getByLabel('Name of a new class').fill('viceroy');
    await page.keyboard.press('Enter');
    await other.page.waitForSelector('[data-class=viceroy]');
    await page.getByRole('button', { name: 'Delete: viceroy' }).click();
    await other.page.waitForSelector('[data-class=viceroy]', { state: 'detached' });
    await other.close();
  });

  assert.deepEqual(visited.faults, []);
  assert.equal(visited.hosts().length, 1);
  await visited.close();
  await server.stop();
});
