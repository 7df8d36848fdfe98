/** The page when the program is busy, broken or gone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clean, start } from '../harness.mjs';
import { choose, headings, intercept, pictures, problem, serve, settled, shared, visit } from './fixture.mjs';

test('a busy program is waited for, as long as it asks for', async () => {
  const visited = await visit();
  const { page } = visited;
  const seen = await intercept(page, 1, (route) => route.fulfill(problem(503, 'too much to do', { 'Retry-After': '3' })));
  await choose(page, [pictures.sure], { wait: false });
  await page.getByText(/The program is busy; trying again in [123] second/).waitFor();
  await clean(visited, 'busy');
  const before = Date.now();
  await settled(page);
  assert(Date.now() - before < 60_000);
  assert.match((await headings(page))[0], /^queen/);
  assert.equal(seen(), 2);
  await visited.close();
});

test('after three more tries a picture is given up, and can be tried again', async () => {
  const visited = await visit();
  const { page } = visited;
  const seen = await intercept(page, 4, (route) => route.fulfill(problem(503, 'too much to do', { 'Retry-After': '1' })));
  await choose(page, [pictures.sure]);
  assert.equal(seen(), 4);
  assert.deepEqual(await headings(page), ['Not read']);
  await page.getByText('The program stayed busy').waitFor();
  await clean(visited, 'given-up');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.card.sure').waitFor();
  await visited.close();
});

test('a failure of the program is told apart from a bad picture', async () => {
  const visited = await visit();
  const { page } = visited;
  await intercept(page, 1, (route) => route.fulfill(problem(500, 'out of order')));
  await choose(page, [pictures.sure]);
  await page.getByText('The program failed on this picture: out of order').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 1);
  await visited.close();
});

test('a file that is too large is not sent', async () => {
  const visited = await visit({ init: `const { fetch } = globalThis; globalThis.fetch = async (address, request) => {
    const response = await fetch(address, request);
    if (!String(address).endsWith('v1/classifier')) return response;
    const about = await response.json();
    return Response.json({ ...about, served: { ...about.served, max_bytes: 1000 } });
  };` });
  const { page } = visited;
  await choose(page, [pictures.sure]);
  await page.getByText('more than the 0 MB that the program accepts').waitFor();
  assert(!visited.requests.some((url) => url.includes('v1/predict')));
  await visited.close();
});

test('a program that ends is noticed, and the page continues when it is back', async () => {
  const own = await serve();
  const visited = await visit({ address: own.address });
  const { page } = visited;
  await choose(page, [pictures.sure]);
  await own.stop('SIGKILL');
  await choose(page, [pictures.ambiguous, pictures.sure], { wait: false });
  await page.getByRole('alert').getByText('The program does not respond').waitFor();
  assert.equal(await page.locator('.card.sure').count(), 1, 'what was answered stays');
  await clean(visited, 'gone');
  const again = await start(['serve', 'butterflies.lookalike', '--listen', `127.0.0.1:${own.port}`]);
  await settled(page);
  assert.equal(await page.locator('.card.sure').count(), 2);
  assert.equal(await page.getByRole('alert').count(), 0);
  await visited.close();
  await again.stop();
});

test('a page that is opened before its program waits for it', async () => {
  const visited = await visit({ ready: false, init: `let first = true; const { fetch } = globalThis;
    globalThis.fetch = (...all) => { if (!first) return fetch(...all); first = false; return Promise.reject(new TypeError()); };` });
  await visited.page.getByText('The program does not respond').waitFor();
  await visited.page.waitForSelector('#judged p');
  assert.equal(await visited.page.getByRole('alert').count(), 0);
  await visited.close();
});

test('another classifier at the same address is announced', async () => {
  const visited = await visit({ init: `let asked = 0; const { fetch } = globalThis; globalThis.fetch = async (address, request) => {
    if (String(address).includes('v1/predict') && asked === 1) { asked = 2; throw new TypeError(); }
    const response = await fetch(address, request);
    if (!String(address).endsWith('v1/classifier')) return response;
    asked += 1;
    return asked === 1 ? response : Response.json({ ...(await response.json()), id: 'other' });
  };` });
  const { page } = visited;
  await choose(page, [pictures.sure], { wait: false });
  await page.getByText('Another classifier is running').waitFor();
  await clean(visited, 'changed');
  await visited.close();
});

test('with a key in the address the page opens, and without it says what to do', async () => {
  const own = await start(['serve', 'butterflies.lookalike', '--listen', '127.0.0.1:0'], { env: { LOOKALIKE_TOKEN: 'a-key-of-thirty-two-characters-xx' } });
  const address = own.address.replace(/#.*/, '');
  const without = await visit({ address, ready: false });
  await without.page.getByText('This page needs its key').waitFor();
  await clean(without, 'locked');
  await without.close();
  const visited = await visit({ address: `${address}#k=a-key-of-thirty-two-characters-xx` });
  assert.doesNotMatch(visited.page.url(), /k=/, 'the key leaves the address');
  await choose(visited.page, [pictures.sure]);
  assert.match((await headings(visited.page))[0], /^queen/);
  await visited.close();
  await own.stop();
});
