/**
 * How fast a page that carries its classifier is, in Chromium on one thread: opened from the disk, and
 * asked as its own script asks. Beside it `onnxruntime-web`, on one thread with its SIMD, with the same
 * network and views from `lookalike export --input tensor`; the browser decodes and resizes for it.
 *
 *     page.mjs DIST birds.lookalike a.jpg b.jpg …
 *
 * Pictures of 500 × 375 pixels and photographs are told apart by their size. The two take turns.
 */

import { createServer } from 'node:http';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { browser, folder, run } from '../../pages/web/tests/harness.mjs';

const [dist, model, ...names] = process.argv.slice(2).map((name) => path.resolve(name));
const ROUNDS = 7;

const at = (name) => path.join(folder, name);
await run(['export', model, '-o', at('page.html'), '-q']);
await run(['export', model, '--input', 'tensor', '-o', at('net.onnx'), '-q']);
console.log(`the page has ${(statSync(at('page.html')).size / 1e6).toFixed(2)} MB`);
const pictures = names.map((name) => readFileSync(name).toString('base64'));

/** What onnxruntime-web needs, which it fetches. */
const server = createServer((request, response) => {
  const name = decodeURIComponent(new URL(request.url, 'http://a').pathname);
  const file = name === '/net.onnx' ? at('net.onnx') : path.join(dist, path.basename(name));
  const kind = { '.mjs': 'text/javascript', '.wasm': 'application/wasm' }[path.extname(file)] ?? 'application/octet-stream';
  if (name === '/') return response.setHeader('Content-Type', 'text/html').end('<!doctype html><link rel="icon" href="data:,"><title>peer</title>');
  return response.setHeader('Content-Type', kind).end(readFileSync(file));
}).listen(0, '127.0.0.1');
await new Promise((resolve) => { server.on('listening', resolve); });

/** In the page: its own worker, asked as the page asks it. */
const ours = async () => {
  const text = (id) => document.getElementById(id).textContent;
  const worker = new Worker(URL.createObjectURL(new Blob([text('worker')], { type: 'text/javascript' })));
  let calls = 0;
  const ask = (call, given) => new Promise((resolve, reject) => {
    const id = ++calls;
    worker.addEventListener('message', function read({ data }) {
      if (data.id !== id) return;
      worker.removeEventListener('message', read);
      if (data.trouble) reject(new Error(data.trouble));
      else resolve(data.said);
    });
    worker.postMessage({ id, call, ...given });
  });
  await ask('load', { module: text('module'), classifier: text('classifier'), name: 'bench' });
  globalThis.predict = (picture) => ask('predict', { picture, ask: { top: 3, heatMap: false } }).then(({ predictions: [read] }) => read.top[0]);
};

/** In the peer's page. */
const theirs = async () => {
  const ort = await import('/ort.wasm.min.mjs');
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = '/';
  const session = await ort.InferenceSession.create('/net.onnx', { executionProviders: ['wasm'] });
  const [name] = session.inputNames;
  const about = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];
  const size = 224;
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';
  globalThis.network = 0;
  globalThis.predict = async (picture) => {
    const image = await createImageBitmap(picture);
    const side = Math.min(image.width, image.height);
    context.drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, size, size);
    image.close();
    const { data } = context.getImageData(0, 0, size, size);
    const pixels = new Float32Array(3 * size * size);
    for (let place = 0; place < size * size; place += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        pixels[channel * size * size + place] = (data[4 * place + channel] / 255 - about[0][channel]) / about[1][channel];
      }
    }
    const begun = performance.now();
    const { probabilities } = await session.run({ [name]: new ort.Tensor('float32', pixels, [1, 3, size, size]) });
    globalThis.network = performance.now() - begun;
    return probabilities.data;
  };
};

/** In either: what a picture takes, and of it the network where that is known. */
const timed = async (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const blob = new Blob([bytes]);
  const { width, height } = await createImageBitmap(blob);
  const begun = performance.now();
  await globalThis.predict(blob);
  return { took: performance.now() - begun, network: globalThis.network, pixels: width * height };
};

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const chrome = await browser();
const page = await chrome.newPage();
const address = pathToFileURL(at('page.html')).href;
/** @type {number[]} */ const ready = [];
/** @type {number[]} */ const answered = [];
for (let round = 0; round < 5; round += 1) {
  const begun = performance.now();
  await page.goto(address);
  await page.waitForSelector('#judged p');
  ready.push(performance.now() - begun);
  await page.setInputFiles('#files', names[0]);
  await page.waitForSelector('.card:not(.asking):not(.waiting) .odds, .card.unknown');
  answered.push(performance.now() - begun);
}
console.log(`opened to ready ${median(ready).toFixed(0)} ms (${Math.min(...ready).toFixed(0)} to ${Math.max(...ready).toFixed(0)}), to the first answer ${median(answered).toFixed(0)} ms`);
await page.goto(address);
await page.waitForSelector('#judged p');
await page.evaluate(ours);
const peer = await chrome.newPage();
await peer.goto(`http://127.0.0.1:${server.address().port}/`);
await peer.evaluate(theirs);

/** @type {Map<string, {own: number[], peer: number[], network: number[]}>} */ const kinds = new Map();
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const picture of pictures) {
    const own = await page.evaluate(timed, picture);
    const other = await peer.evaluate(timed, picture);
    // The first round warms both.
    if (round === 0) continue;
    const kind = own.pixels > 4e6 ? `${(own.pixels / 1e6).toFixed(0)} Mpx` : 'small';
    const all = kinds.get(kind) ?? { own: [], peer: [], network: [] };
    kinds.set(kind, all);
    all.own.push(own.took);
    all.peer.push(other.took);
    all.network.push(other.network);
  }
}
for (const [kind, all] of kinds) {
  const ratios = all.own.map((took, place) => took / all.peer[place]);
  console.log(`${kind}: ${median(all.own).toFixed(1)} ms; onnxruntime-web ${median(all.peer).toFixed(1)} ms, of which its network ${median(all.network).toFixed(1)} ms; ratio ${median(ratios).toFixed(2)}`);
}
await chrome.close();
server.close();
