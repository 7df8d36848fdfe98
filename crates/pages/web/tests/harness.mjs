/**
 * What the browser tests of every page share: the program on a port of its own, a browser, and what
 * each state of a page is held to. A page's test opens it with `open`, and calls `clean` in each state.
 */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const execute = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));

/** The page's files. */
export const web = path.dirname(here);

/** The program under test. */
export const program = path.resolve(process.env.LOOKALIKE_BIN ?? path.join(web, '../../../target/debug/lookalike'));

/** Where everything of a run lies; it goes when the run ends. */
export const folder = mkdtempSync(path.join(tmpdir(), 'lookalike-page-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Runs the program; what it printed. */
export async function run(args, options = {}) {
  const { stdout } = await execute(program, args, { cwd: folder, maxBuffer: 1 << 28, ...options });
  return stdout;
}

/** What was started and has not ended: a test that fails leaves it behind. */
const running = new Set();
after(() => { for (const child of running) child.kill('SIGKILL'); });

/** The page of each address that was started, for `LOOKALIKE_PAGE_FROM_DISK`. */
const pages = new Map();

/** Starts `lookalike COMMAND …` and waits for its address. */
export async function start(args, { env = {} } = {}) {
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  const address = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      said += chunk;
      const found = /http:\/\/\S+/.exec(said);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', (chunk) => { said += chunk; });
    child.on('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${said}`)));
  });
  running.add(child);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.on('exit', () => running.delete(child));
  const stop = (signal = 'SIGTERM') => { child.kill(signal); return ended; };
  pages.set(new URL(address).host, { review: 'review.html', app: 'app.html' }[args[0]] ?? 'index.html');
  return { address, port: new URL(address).port, stop, log: () => said };
}

/** A browser that asks nobody for anything but whom the rules name, with a camera that shows a moving figure. */
export function browser(...rules) {
  const executablePath = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => (process.env.PATH ?? '').split(path.delimiter).map((at) => path.join(at, name))).find(existsSync);
  assert(executablePath, 'no Chromium on PATH');
  const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
  return chromium.launch({ executablePath, args: [...quiet, ...camera, `--host-resolver-rules=${[...rules, 'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1'].join(', ')}`] });
}

/**
 * Opens a page and watches it: `faults` is what the console, the policy or the script complained of,
 * `hosts` whom it asked, and `requests` what for.
 */
export async function open(chrome, address, { init, path: below = '', ...options } = {}) {
  const context = await chrome.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true, permissions: ['camera'], ...options });
  const page = await context.newPage();
  const faults = [];
  const requests = [];
  page.on('pageerror', (error) => faults.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    // A refused picture and a program that is gone are failed requests, which the browser notes by itself;
    // and that one header means nothing to a phone, which is not on this machine and has no HTTPS.
    const expected = /^Failed to load resource|^The Cross-Origin-Opener-Policy header has been ignored/.test(message.text());
    if (!expected && ['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url())) requests.push(request.url());
  });
  if (process.env.LOOKALIKE_PAGE_FROM_DISK) await fromDisk(context);
  if (init) await page.addInitScript(init);
  await page.goto(`${address}${below}`);
  return {
    page, context, faults, requests,
    hosts: () => [...new Set(requests.map((url) => new URL(url).host))],
    close: () => context.close(),
  };
}

/** Serves the page's files as they lie here, not as they were when the program was built. */
function fromDisk(context) {
  return context.route(/\/([\w.]+\.(mjs|css|html)|)$/, async (route) => {
    const { host, pathname } = new URL(route.request().url());
    const file = path.join(web, pathname === '/' ? pages.get(host) ?? 'index.html' : pathname);
    if (!existsSync(file)) return route.continue();
    const response = await route.fetch();
    // A file that is new is not in the program yet.
    const kind = { '.mjs': 'text/javascript', '.css': 'text/css', '.html': 'text/html' }[path.extname(file)];
    return route.fulfill({ status: 200, headers: { ...(response.ok() ? response.headers() : {}), 'content-type': kind }, body: readFileSync(file) });
  });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** The ways in which every state is looked at. Light or dark changes colours and nothing else. */
const WAYS = [
  { name: 'light', colorScheme: 'light', width: 1280, check: { runOnly: RULES } },
  { name: 'dark', colorScheme: 'dark', width: 1280, check: { runOnly: { type: 'rule', values: ['color-contrast'] } } },
  { name: 'narrow', colorScheme: 'light', width: 320, check: { runOnly: RULES } },
];

/**
 * Holds a state to WCAG in light, dark and at 320 pixels, where nothing may scroll sideways, and to a
 * quiet console. With `LOOKALIKE_SCREENSHOTS=FOLDER` it leaves a picture of each.
 */
export async function clean({ page, faults }, state) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  for (const { name, colorScheme, width, check } of WAYS) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    const found = await page.evaluate(async (check) => {
      const { violations } = await globalThis.axe.run(document, { ...check, resultTypes: ['violations'] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join(' | ')}`);
    }, check);
    assert.deepEqual(found, [], `${state}, ${name}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert(over <= 0, `${state}, ${name}: ${over} pixels too wide`);
    await picture(page, `${state}-${name}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 900 });
  assert.deepEqual(faults, [], state);
}

/** The bytes that an address sends to a browser. */
function sent(url) {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => { bytes += chunk.length; });
      response.on('end', () => (response.statusCode === 200 ? resolve(bytes) : reject(new Error(`${url}: ${response.statusCode}`))));
    }).on('error', reject);
  });
}

/** Holds a page to a size, gzipped, and prints it. A page asks for its files and for nothing of another host. */
export async function weigh({ requests, hosts }, name, most) {
  assert.equal(hosts().length, 1, hosts().join());
  if (process.env.LOOKALIKE_PAGE_FROM_DISK) return;
  const files = [...new Set(requests)].filter((url) => !/\/(v1\/|session$)/.test(new URL(url).pathname));
  const bytes = (await Promise.all(files.map(sent))).reduce((sum, size) => sum + size, 0);
  console.log(`# ${name}: ${requests.length} requests, of which ${files.length} files of ${(bytes / 1024).toFixed(1)} KB gzipped`);
  assert(bytes <= most * 1024, `${bytes} bytes`);
}

/** The number at a share of the way from the least to the most. */
export const percentile = (times, share) => [...times].sort((a, b) => a - b)[Math.floor(share * (times.length - 1))].toFixed(0);

/**
 * Jumps through the page; the milliseconds until each place is painted. Without a distance: the
 * browser's own.
 */
export function jumps(page, times, far = 1) {
  return page.evaluate(async ({ times, far }) => {
    const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
    const taken = [];
    for (let jump = 0; jump < times; jump += 1) {
      const began = performance.now();
      scrollTo(0, far * ((jump * 7919) % 1000) / 1000 * document.body.scrollHeight);
      await frame();
      await frame();
      taken.push(performance.now() - began);
    }
    return taken;
  }, { times, far });
}

/** One step of a test whose steps build on one another: the first that fails ends it, and is named. */
export async function step(name, run) {
  try {
    await run();
  } catch (error) {
    error.message = `${name}: ${error.message}`;
    throw error;
  }
}

/** Leaves a picture of the page, where one is wanted. */
export async function picture(page, name) {
  const wanted = process.env.LOOKALIKE_SCREENSHOTS;
  if (!wanted) return;
  mkdirSync(wanted, { recursive: true });
  await page.screenshot({ path: path.join(wanted, `${name}.png`) });
}

/** Slows the processor of a page by a factor. */
export async function slow({ context, page }, rate) {
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
}
