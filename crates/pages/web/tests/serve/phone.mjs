/** A phone beside: it is shown the way by a code, takes photographs, and reaches nothing else. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { browser, clean, open, start } from '../harness.mjs';
import { at, pictures, serve, shared, visit } from './fixture.mjs';

const KEY = 'a-key-of-thirty-two-characters-xx';
const SCREEN = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Starts a program with a phone beside; nothing where this machine is in no network. */
async function beside(starting, t) {
  try {
    return await starting();
  } catch (error) {
    if (!/no local network/.test(String(error))) throw error;
    t.skip('this machine is in no network');
    return null;
  }
}

/** The address that the code stands for. */
async function scanned(page) {
  await page.waitForSelector('#phone-code:not([hidden])');
  await page.waitForFunction(() => document.querySelector('#phone-qr').naturalWidth > 0);
  return page.textContent('#phone-address');
}

test('a phone scans the code of the page, takes a photo and shows the answer', { timeout: 240_000 }, async (t) => {
  const own = await beside(() => serve('--phone'), t);
  if (!own) return;
  assert(await (await visit()).page.isHidden('#choose-phone'), 'without `--phone` there is no code');
  const visited = await visit({ address: own.address });
  const { page } = visited;
  await page.getByRole('button', { name: 'From a phone' }).click();
  const address = await scanned(page);
  assert.match(address, /^http:\/\/[\d.]+:\d+\/#k=.{20,}$/);
  assert.match(await page.textContent('#phone-left'), /^For 10 more minutes$/);
  assert.equal(await page.getAttribute('#choose-phone', 'aria-expanded'), 'true');
  await clean(visited, 'code');
  const chrome = await browser(`EXCLUDE ${new URL(address).hostname}`);
  t.after(() => chrome.close());
  const phone = await open(chrome, address, SCREEN);
  await phone.page.waitForFunction(() => document.querySelector('#name').textContent === 'butterflies');
  assert.doesNotMatch(phone.page.url(), /k=/, 'the key leaves the address');
  assert(await phone.page.isHidden('#what'), 'there is nothing to file under');
  assert.equal(await phone.page.getAttribute('#camera', 'capture'), 'environment');
  await clean(phone, 'phone-ready');
  const answer = async (field, file) => {
    await phone.page.setInputFiles(field, file);
    await phone.page.waitForFunction(() => !document.querySelector('#says').classList.contains('asking') && document.querySelector('#says h3'));
    return phone.page.textContent('#says h3');
  };
  assert.match(await answer('#camera', pictures.sure), /queen/);
  await clean(phone, 'phone-answered');
  assert.match(await answer('#files', pictures.unknown), /I don’t know this/);
  await clean(phone, 'phone-unknown');
  await phone.page.setInputFiles('#files', pictures.unread);
  await phone.page.getByRole('alert').waitFor();
  await clean(phone, 'phone-unread');
  assert.equal(phone.hosts().length, 1, phone.hosts().join());
  // Another code takes the place of the first one; the phone stays connected.
  await page.getByRole('button', { name: 'From a phone' }).click();
  await page.waitForSelector('#phone', { state: 'hidden' });
  await page.getByRole('button', { name: 'From a phone' }).click();
  assert.notEqual(await scanned(page), address);
  assert.match(await answer('#camera', pictures.sure), /queen/);
  const late = await open(chrome, address, SCREEN);
  await late.page.getByRole('alert').getByText('The code on the screen is another one now').waitFor();
  await clean(late, 'phone-late');
  await own.stop('SIGKILL');
  await phone.page.setInputFiles('#camera', pictures.sure);
  await phone.page.getByRole('alert').getByText('The program does not respond').waitFor();
  await clean(phone, 'phone-gone');
  await visited.close();
});

test('a phone files photographs under the classes of an app', { timeout: 240_000 }, async (t) => {
  const own = await beside(() => start(['app', 'by-phone', '--no-open', '--phone'], { env: { LOOKALIKE_TOKEN: KEY } }), t);
  if (!own) return;
  const visited = await open(shared.chrome, own.address.replace(/#.*/, `#k=${KEY}`));
  const { page } = visited;
  await page.getByLabel('Name of a new class').fill('queen');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-class=queen]');
  const before = await page.textContent('#phone-address');
  await page.getByRole('button', { name: 'Show the code' }).click();
  await page.waitForFunction((before) => document.querySelector('#phone-address').textContent !== before, before);
  const address = await scanned(page);
  await clean(visited, 'app-code');
  const chrome = await browser(`EXCLUDE ${new URL(address).hostname}`);
  t.after(() => chrome.close());
  const phone = await open(chrome, address, SCREEN);
  await phone.page.getByRole('radio', { name: 'queen' }).check();
  await phone.page.setInputFiles('#camera', pictures.sure);
  await phone.page.locator('#says').getByText('Added to the class').waitFor();
  await clean(phone, 'phone-filed');
  assert.equal(readdirSync(at('by-phone/queen')).length, 1);
  await page.waitForFunction(() => document.querySelector('[data-class=queen] .title .reason').textContent.startsWith('1 picture'));
  await phone.page.setInputFiles('#camera', pictures.sure);
  await phone.page.locator('#says').getByText('It is in the class already').waitFor();
  assert.equal(readdirSync(at('by-phone/queen')).length, 1);
  assert.deepEqual([...visited.faults, ...phone.faults], []);
  await visited.close();
  await own.stop();
});
