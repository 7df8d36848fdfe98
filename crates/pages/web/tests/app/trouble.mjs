/** The app when the program is gone, and the page loaded anew. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { clean } from '../harness.mjs';
import { app, at, count, counts, settled, visit } from './fixture.mjs';

test('pictures chosen while the program is gone are sent when it is back, and a reload loses none', { timeout: 240_000 }, async () => {
  const server = await app('gone');
  const visited = await visit(server);
  const { page } = visited;
  await page.getByLabel('Name of a new class').fill('monarch');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-class=monarch]');
  const files = readdirSync(at('drawn/monarch')).sort().map((file) => at(`drawn/monarch/${file}`));
  await page.getByRole('button', { name: 'Add pictures: monarch' }).click();
  await page.setInputFiles('#class-files', files.slice(0, 6));
  await settled(page);
  await counts(page, 'monarch', 6);
  await server.stop('SIGKILL');
  await page.getByRole('button', { name: 'Add pictures: monarch' }).click();
  await page.setInputFiles('#class-files', files.slice(6, 12));
  await page.getByRole('alert').getByText('does not respond').waitFor();
  await page.getByText('6 pictures on their way').waitFor();
  await clean(visited, 'app-gone');
  const again = await app('gone', { port: server.port });
  await settled(page);
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await counts(page, 'monarch', 12);
  assert.equal(readdirSync(at('gone/monarch')).length, 12);
  await page.reload();
  await page.waitForSelector('[data-class=monarch]');
  assert.match(await count(page, 'monarch'), /^12 pictures/);
  assert.deepEqual(visited.faults, []);
  await visited.close();
  await again.stop();
});
