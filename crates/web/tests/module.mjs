/** The module that is checked in, held to the program on this machine. */

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { load } from '../../pages/module/lookalike.mjs';
import { below, both, classifier, crates, difference, digest, folder, stated, wasm } from './fixture.mjs';

/** How far a probability may be from the program's. */
const TOLERANCE = 1e-4;

let asked;
before(async () => { asked = await classifier(); }, { timeout: 600_000 });

test('the module is the one whose digest is stated, and asks the page for nothing', () => {
  assert.equal(digest, stated);
  assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(wasm)), []);
});

test('the self-test passes', () => {
  const largest = asked.model.selfTest();
  assert(largest <= TOLERANCE, `${largest}`);
});

test('pictures of all formats, turned and cut off, get the program’s answers', async (t) => {
  const golden = path.join(crates, 'pictures/tests/golden');
  const pictures = below(golden).filter((file) => !/\.(py|md|txt|json)$/.test(file));
  assert(pictures.length > 50, `${pictures.length} pictures in ${golden}`);
  const { native, inside } = await both(asked, pictures);
  const read = inside.filter((said) => !said.error).length;
  assert(read > 50, `${read} were read`);
  const largest = difference(native.predictions, inside);
  assert(largest <= TOLERANCE, `${largest}`);
  t.diagnostic(`${pictures.length} pictures, ${read} read, largest difference ${largest.toExponential(1)}`);
});

test('a heat map is a JPEG of the class that is named', async () => {
  const [picture] = below(path.join(crates, 'pictures/tests/golden')).filter((file) => file.endsWith('full.jpg'));
  const { predictions: [said] } = await asked.model.predict(new Blob([readFileSync(picture)]), { heatMap: true });
  assert(asked.model.classes.includes(said.heat_map.class));
  const jpeg = Buffer.from(said.heat_map.image.replace('data:image/jpeg;base64,', ''), 'base64');
  assert.deepEqual([...jpeg.subarray(0, 3)], [0xff, 0xd8, 0xff]);
});

test('what is no classifier, or was changed, is refused with a reason', async () => {
  await assert.rejects(load(Buffer.from('no classifier'), { wasm }), /is not a Lookalike classifier/);
  const bytes = Buffer.from(readFileSync(asked.file));
  bytes[bytes.length - 1000] ^= 1;
  await assert.rejects(load(bytes, { wasm }), /has changed/);
});

test('files with odd names are answered under them', async () => {
  mkdirSync(path.join(folder, 'odd'), { recursive: true });
  const name = path.join(folder, 'odd', 'é 鳥 "1".jpg');
  copyFileSync(path.join(crates, 'pictures/tests/golden/full.jpg'), name);
  const { native, inside } = await both(asked, [name]);
  assert.equal(inside[0].picture, name);
  assert(difference(native.predictions, inside) <= TOLERANCE);
});
